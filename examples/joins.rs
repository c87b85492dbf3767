//! A loan is decided when two of three offices have answered; the customer hears at the first, the file closes at the last.
//!
//! Run it with `cargo run --example joins`. A join says how many of its sources must have finished: any one, a quorum, or
//! all. It fires once in a round; who comes later starts nothing, and nothing that was written is lost.

use medha_graph::Join;
use medha_graph::prelude::*;

#[derive(State, Clone, Debug, Default, Serialize, Deserialize)]
struct Loan {
    customer: String,
    /// Grows by one with each office that agrees.
    #[state(add)]
    yes: u32,
    #[state(append)]
    log: Vec<String>,
}

async fn bank(loan: &Loan) -> LoanUpdate {
    Loan::update().yes(1).log([format!("the bank knows {}", loan.customer)])
}

/// The register has to ask somebody else: one superstep more.
async fn register() -> LoanUpdate {
    Loan::update().log(["the register asks the archive"])
}

async fn archive() -> LoanUpdate {
    Loan::update().yes(1).log(["the archive has found nothing bad"])
}

/// Two supersteps more.
async fn employer() -> LoanUpdate {
    Loan::update().log(["a letter is sent to the employer"])
}

async fn post() -> LoanUpdate {
    Loan::update().log(["the letter is on its way"])
}

async fn answer() -> LoanUpdate {
    Loan::update().yes(1).log(["the employer answers"])
}

async fn tell_customer(loan: &Loan) -> LoanUpdate {
    Loan::update().log([format!("-> dear {}, we are on it", loan.customer)])
}

async fn decide(loan: &Loan) -> LoanUpdate {
    Loan::update().log([format!("-> decided with {} of 3 in favour", loan.yes)])
}

async fn close(loan: &Loan) -> LoanUpdate {
    Loan::update().log([format!("-> file closed, {} of 3 in favour", loan.yes)])
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let offices = ["bank", "archive", "answer"];
    let graph = StateGraph::<Loan>::new("loan")
        .node("bank", bank)
        .node("register", register)
        .node("archive", archive)
        .node("employer", employer)
        .node("post", post)
        .node("answer", answer)
        .node("tell customer", tell_customer)
        .node("decide", decide)
        .node("close", close)
        .edge(START, "bank")
        .edge(START, "register")
        .edge("register", "archive")
        .edge(START, "employer")
        .edge("employer", "post")
        .edge("post", "answer")
        .join(Join::any(offices), "tell customer")
        .join(Join::quorum(2, offices), "decide")
        .join(Join::all(offices), "close")
        .edge("tell customer", END)
        .edge("decide", END)
        .edge("close", END)
        .compile()?;

    let mut events = graph.thread("loan-1").stream(Loan::update().customer("Ada"));
    let mut shown = 0;
    while let Some(event) = events.next().await {
        if let Event::Values { step, state, next } = event? {
            for line in &state.log[shown..] {
                println!("{step}: {line}");
            }
            shown = state.log.len();
            println!("   (next: {})", next.join(", "));
        }
    }
    Ok(())
}
