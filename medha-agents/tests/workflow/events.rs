//! What is told on the way.

use medha_agents::analyst::{Analyst, AnalystEvent, EventPayload};
use medha_agents::planner::{Clarification, Correction, Understanding};

use crate::shop::*;

async fn events(shop: &Shop, question: &str) -> Vec<AnalystEvent> {
    let mut stream = shop.analyst().await.stream(asking(question));
    let mut all = Vec::new();
    while let Some(event) = stream.next().await {
        all.push(event);
    }
    let numbers: Vec<u64> = all.iter().map(|event| event.seq).collect();
    assert_eq!(numbers, (1..=all.len() as u64).collect::<Vec<_>>(), "no gaps");
    assert!(all.iter().all(|event| event.run_id == "run-1" && event.ts == "2025-04-06T12:00:00Z"));
    all
}

fn names(events: &[AnalystEvent]) -> Vec<String> {
    let name = |event: &AnalystEvent| {
        let json = serde_json::to_value(event).unwrap();
        let step = json["step"].as_str().map(|step| format!(" {step}")).unwrap_or_default();
        format!("{}{step}", json["type"].as_str().unwrap())
    };
    events.iter().map(name).collect()
}

#[tokio::test]
async fn an_answer_is_told_step_by_step() {
    let shop = Shop::open([("by segment?", planned([by_segment()])), ("total?", planned([total()]))]).await;
    let events = events(&shop, "by segment?").await;
    let mut told = names(&events);
    told.dedup();
    let expected = [
        "run.started",
        "step.started plan",
        "plan.ready",
        "step.finished plan",
        "step.started sql",
        "step.finished sql",
        "step.started guard",
        "sql.ready",
        "step.finished guard",
        "step.started execute",
        "result.ready",
        "step.finished execute",
        "step.started chart",
        "chart.ready",
        "step.finished chart",
        "step.started insight",
        "insight.ready",
        "step.finished insight",
        "step.started follow_ups",
        "followups.ready",
        "step.finished follow_ups",
        "run.finished",
    ];
    assert_eq!(told, expected);
    let Some(EventPayload::RunFinished { status, answer, .. }) = events.last().map(|event| &event.payload)
    else {
        panic!()
    };
    assert_eq!(status, "success");
    assert_eq!(answer["rows"][0][0], "SMB");
    let chart = events.iter().find_map(|event| match &event.payload {
        EventPayload::ChartReady { spec, .. } => Some(spec),
        _ => None,
    });
    assert_eq!(chart.expect("a chart")["data"]["name"], "rows");
}

#[tokio::test]
async fn steps_of_two_panels_say_which_they_belong_to() {
    let shop = Shop::open([("both?", planned([by_segment(), by_month()]))]).await;
    let events = events(&shop, "both?").await;
    for panel in [0, 1] {
        let finished = events.iter().filter(|event| {
            matches!(&event.payload, EventPayload::StepFinished { panel: Some(at), ok: true, .. } if *at == panel)
        });
        assert_eq!(finished.count(), 5, "sql, guard, execute, chart and insight of panel {panel}");
    }
}

#[tokio::test]
async fn corrections_and_choices_are_told() {
    let correction = Correction { from: "segmnt".into(), to: "segment".into() };
    let clarification = Clarification { prompt: "Which?".into(), options: vec!["a?".into(), "b?".into()] };
    let script = [
        ("by segmnt?", Understanding::Misspelt { corrections: vec![correction] }),
        ("by segment?", Understanding::Ambiguous(clarification)),
    ];
    let events = events(&Shop::open(script).await, "by segmnt?").await;
    let told = names(&events);
    let expected = [
        "run.started",
        "step.started plan",
        "step.finished plan",
        "step.started recover",
        "correction",
        "step.finished recover",
        "step.started plan",
        "step.finished plan",
        "choice.required",
        "run.finished",
    ];
    assert_eq!(told, expected);
    let Some(EventPayload::RunFinished { status, .. }) = events.last().map(|event| &event.payload) else {
        panic!()
    };
    assert_eq!(status, "interrupted");
}

#[tokio::test]
async fn an_abstention_is_an_error_event_with_a_code() {
    let events = events(&Shop::open([]).await, "what is love?").await;
    assert_eq!(names(&events)[3..], ["error", "run.finished"]);
    let EventPayload::Error { code, message, .. } = &events[3].payload else { panic!() };
    assert_eq!(
        (code.as_str(), message.as_str()),
        ("not_understood", "\"what is love?\" is not in the script")
    );
}

#[test]
fn the_drawing_has_every_agent() {
    let drawing = Analyst::mermaid();
    assert!(drawing.starts_with("flowchart"), "{drawing}");
    for node in ["plan", "sql", "guard", "execute", "visualize", "insight", "recover", "follow_ups"] {
        assert!(drawing.contains(&format!("\"{node}\"")), "{node} is missing in\n{drawing}");
    }
}
