//! Queries over the clinic, made of choices, with columns that exist where they are named, so that most of them mean something.
//!
//! Also read by the fuzz targets, whose bytes are the choices.

type Names = &'static [&'static str];

/// The tables, with columns of whole numbers, of text, and protected ones.
const TABLES: [(&str, Names, Names, Names); 6] = [
    (
        "patients",
        &["patient_id", "referrer_id"],
        &["city", "clinic", "plan"],
        &["full_name", "mail", "born", "insurance_no"],
    ),
    ("visits", &["visit_id", "patient_id", "drop_in", "fee"], &["clinic", "reason"], &[]),
    ("prescriptions", &["prescription_id", "visit_id", "medicine_id", "doses"], &[], &[]),
    ("medicines", &["medicine_id", "list_price"], &["title", "family"], &[]),
    ("notes", &["note_id"], &["kind", "body"], &[]),
    ("visit_list", &["visit_id", "fee"], &["clinic", "plan"], &["reach"]),
];

/// Choices that a query is made of, taken one after the other; when they run out, the simplest is chosen.
#[derive(Debug)]
pub(crate) struct Choices {
    taken: std::vec::IntoIter<u8>,
    aliases: usize,
}

/// A relation in reach.
#[derive(Clone)]
struct Relation {
    alias: String,
    numbers: Vec<String>,
    texts: Vec<String>,
    secrets: Vec<String>,
}

impl Choices {
    pub(crate) fn new(taken: Vec<u8>) -> Self {
        Self { taken: taken.into_iter(), aliases: 0 }
    }

    /// A number below a bound.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        usize::from(self.taken.next().unwrap_or(0)) % bound
    }

    pub(crate) fn one_in(&mut self, chance: usize) -> bool {
        self.below(chance) == chance - 1
    }

    pub(crate) fn of<'c, T>(&mut self, list: &'c [T]) -> &'c T {
        &list[self.below(list.len())]
    }

    fn alias(&mut self) -> String {
        self.aliases += 1;
        format!("r{}", self.aliases)
    }

    /// A relation for `FROM`, and its text.
    fn relation(&mut self, depth: usize, ctes: &[Relation]) -> (String, Relation) {
        let alias = self.alias();
        match self.below(8) {
            6 if depth > 0 => {
                let (sql, columns) = self.query(depth - 1, ctes, &[]);
                (format!("({sql}) AS {alias}"), Relation { alias, ..columns })
            }
            7 if !ctes.is_empty() => {
                let cte = self.of(ctes).clone();
                (format!("{} AS {alias}", cte.alias), Relation { alias, ..cte })
            }
            _ => {
                let (table, numbers, texts, secrets) = self.of(&TABLES);
                let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
                let qualified = if self.one_in(6) { format!("main.{table}") } else { (*table).to_owned() };
                let (numbers, texts, secrets) = (owned(numbers), owned(texts), owned(secrets));
                (format!("{qualified} AS {alias}"), Relation { alias, numbers, texts, secrets })
            }
        }
    }

    fn number(&mut self, scope: &[Relation], depth: usize) -> String {
        let with: Vec<&Relation> = scope.iter().filter(|relation| !relation.numbers.is_empty()).collect();
        match self.below(9) {
            5 if depth > 0 => {
                format!("({} + {})", self.number(scope, depth - 1), self.number(scope, depth - 1))
            }
            6 if depth > 0 => format!(
                "CASE WHEN {} THEN {} ELSE {} END",
                self.condition(scope, depth - 1),
                self.number(scope, depth - 1),
                self.number(scope, depth - 1)
            ),
            7 if depth > 0 => format!("length({})", self.text(scope, depth - 1)),
            8 => self.below(40).to_string(),
            _ if with.is_empty() => "1".to_owned(),
            _ => {
                let relation = *self.of(&with);
                format!("{}.{}", relation.alias, self.of(&relation.numbers))
            }
        }
    }

    fn text(&mut self, scope: &[Relation], depth: usize) -> String {
        let with: Vec<&Relation> = scope.iter().filter(|relation| !relation.texts.is_empty()).collect();
        match self.below(7) {
            4 if depth > 0 => format!("upper({})", self.text(scope, depth - 1)),
            5 => format!("'{}'", self.of(&["North", "South", "A", "x", "p"])),
            6 => self.secret(scope).unwrap_or_else(|| "'s'".to_owned()),
            _ if with.is_empty() => "'t'".to_owned(),
            _ => {
                let relation = *self.of(&with);
                format!("{}.{}", relation.alias, self.of(&relation.texts))
            }
        }
    }

    fn secret(&mut self, scope: &[Relation]) -> Option<String> {
        let with: Vec<&Relation> = scope.iter().filter(|relation| !relation.secrets.is_empty()).collect();
        if with.is_empty() {
            return None;
        }
        let relation = *self.of(&with);
        Some(format!("{}.{}", relation.alias, self.of(&relation.secrets)))
    }

    fn condition(&mut self, scope: &[Relation], depth: usize) -> String {
        match self.below(9) {
            1 => format!("{} = {}", self.text(scope, 0), self.text(scope, 0)),
            2 if depth > 0 => {
                format!("({} AND {})", self.condition(scope, depth - 1), self.condition(scope, depth - 1))
            }
            3 if depth > 0 => {
                format!("({} OR {})", self.condition(scope, depth - 1), self.condition(scope, depth - 1))
            }
            4 if depth > 0 => format!("NOT {}", self.condition(scope, depth - 1)),
            5 => {
                let column = self.secret(scope).unwrap_or_else(|| self.text(scope, 0));
                format!("{column} IS {}NULL", if self.one_in(2) { "NOT " } else { "" })
            }
            6 if depth > 0 => {
                let (from, relation) = self.relation(0, &[]);
                let within: Vec<Relation> = scope.iter().cloned().chain([relation]).collect();
                format!("EXISTS (SELECT 1 FROM {from} WHERE {})", self.condition(&within, depth - 1))
            }
            7 if depth > 0 => {
                let (from, relation) = self.relation(0, &[]);
                let number = self.number(&[relation], 0);
                format!("{} IN (SELECT {number} FROM {from})", self.number(scope, 0))
            }
            _ => format!(
                "{} {} {}",
                self.number(scope, 1),
                self.of(&["<", ">", "=", "<>"]),
                self.number(scope, 0)
            ),
        }
    }

    fn from(&mut self, depth: usize, ctes: &[Relation]) -> (String, Vec<Relation>) {
        if self.one_in(8) {
            return self.shared_columns();
        }
        let (mut sql, first) = self.relation(depth, ctes);
        let mut scope = vec![first];
        for _ in 0..self.below(3) {
            let (text, relation) = self.relation(depth, ctes);
            scope.push(relation);
            let kind = *self.of(&["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"]);
            // An equality, so that joins stay small.
            let (last, rest) = scope.split_last().unwrap();
            let (left, right) = (self.number(rest, 0), self.number(std::slice::from_ref(last), 0));
            sql = format!("{sql} {kind} {text} ON {left} = {right}");
            if self.one_in(3) {
                sql = format!("{sql} AND {}", self.condition(&scope, 1));
            }
        }
        (sql, scope)
    }

    /// A join over columns that both sides have.
    fn shared_columns(&mut self) -> (String, Vec<Relation>) {
        let (left, right) = (self.alias(), self.alias());
        let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let visits = Relation {
            alias: left,
            numbers: owned(&["visit_id", "fee"]),
            texts: owned(&["reason"]),
            secrets: vec![],
        };
        let (table, using, right) = match self.below(2) {
            0 => {
                let (texts, secrets) = (owned(&["city", "plan"]), owned(&["mail", "full_name"]));
                let patients = Relation { alias: right, numbers: owned(&["referrer_id"]), texts, secrets };
                ("patients", "patient_id", patients)
            }
            _ => {
                let (numbers, texts) = (owned(&["doses", "medicine_id"]), Vec::new());
                ("prescriptions", "visit_id", Relation { alias: right, numbers, texts, secrets: vec![] })
            }
        };
        let kind = *self.of(&["JOIN", "LEFT JOIN", "FULL JOIN"]);
        let sql = match self.one_in(3) {
            true => format!("main.visits AS {} NATURAL {kind} {table} AS {}", visits.alias, right.alias),
            false => {
                format!("main.visits AS {} {kind} {table} AS {} USING ({using})", visits.alias, right.alias)
            }
        };
        (sql, vec![visits, right])
    }

    /// A query whose value stands in another.
    fn scalar(&mut self, scope: &[Relation], ctes: &[Relation]) -> String {
        match self.below(3) {
            0 => {
                let (from, own) = self.relation(0, ctes);
                let within: Vec<Relation> =
                    std::iter::once(own.clone()).chain(scope.iter().cloned()).collect();
                let (number, condition) =
                    (self.number(std::slice::from_ref(&own), 1), self.condition(&within, 1));
                let function = *self.of(&["max", "min", "count", "/*sum*/sum"]);
                format!("(SELECT {function}({number}) FROM {from} WHERE {condition})")
            }
            1 => {
                let (alias, key) = (self.alias(), self.number(scope, 0));
                let column = *self.of(&["full_name", "mail", "born", "insurance_no", "city"]);
                format!("(SELECT {alias}.{column} FROM patients AS {alias} WHERE {alias}.patient_id = {key})")
            }
            _ => {
                let (from, own) = self.relation(0, ctes);
                let within: Vec<Relation> = std::iter::once(own).chain(scope.iter().cloned()).collect();
                format!("EXISTS (SELECT * FROM {from} WHERE {})", self.condition(&within, 1))
            }
        }
    }

    /// A recursion over who sent whom.
    fn recursion(&mut self, alias: &str) -> (String, Relation) {
        let (first, steps) = (self.condition(&[of_patients("p")], 1), self.below(5));
        let (union, shown) = (*self.of(&["UNION", "UNION ALL"]), *self.of(&["clinic", "plan", "mail"]));
        let sql = format!(
            "{alias}(n1, n2, t1) AS (SELECT p.patient_id, 0, p.{shown} FROM patients AS p WHERE {first} {union} \
             SELECT q.referrer_id, {alias}.n2 + 1, q.{shown} FROM {alias} JOIN patients AS q ON q.patient_id = {alias}.n1 \
             WHERE {alias}.n2 < {steps})"
        );
        let secrets = if shown == "mail" { vec!["t1".to_owned()] } else { Vec::new() };
        let texts = if shown == "mail" { Vec::new() } else { vec!["t1".to_owned()] };
        let numbers = vec!["n1".to_owned(), "n2".to_owned()];
        (sql, Relation { alias: alias.to_owned(), numbers, texts, secrets })
    }

    /// A query and the columns it gives.
    fn query(&mut self, depth: usize, ctes: &[Relation], around: &[Relation]) -> (String, Relation) {
        let (from, own) = self.from(depth, ctes);
        let scope: Vec<Relation> = own.iter().cloned().chain(around.iter().cloned()).collect();
        let filter =
            if self.one_in(2) { format!(" WHERE {}", self.condition(&scope, 2)) } else { String::new() };
        let given = |numbers: &[&str], texts: &[&str], secrets: &[&str]| {
            let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
            Relation {
                alias: String::new(),
                numbers: owned(numbers),
                texts: owned(texts),
                secrets: owned(secrets),
            }
        };
        match self.below(10) {
            0 => {
                let (key, sum) = (self.text(&scope, 1), self.number(&scope, 1));
                let function = *self.of(&["/*sum*/sum", "count", "min", "max", "/*sum*/avg"]);
                let having = if self.one_in(3) { " HAVING count(*) > 1" } else { "" };
                let sql = format!(
                    "SELECT {key} AS t1, {function}({sum}) AS n1, count(*) AS n2 FROM {from}{filter} GROUP BY {key}{having}"
                );
                (sql, given(&["n1", "n2"], &["t1"], &[]))
            }
            1 => {
                let counted = self.secret(&scope).unwrap_or_else(|| self.number(&scope, 0));
                let distinct = if self.one_in(2) { "DISTINCT " } else { "" };
                let sql = format!("SELECT count({distinct}{counted}) AS n1 FROM {from}{filter}");
                (sql, given(&["n1"], &[], &[]))
            }
            2 => {
                let (shown, number) = (self.secret(&scope), self.number(&scope, 1));
                let shown = shown.unwrap_or_else(|| "NULL".to_owned());
                let sql = format!("SELECT {shown} AS s1, {number} AS n1 FROM {from}{filter}");
                (sql, given(&["n1"], &[], &["s1"]))
            }
            3 => {
                let (number, order) = (self.number(&scope, 1), self.number(&scope, 0));
                let sql = format!(
                    "SELECT {number} AS n1, sum({order}) OVER (PARTITION BY {number}) AS n2 FROM {from}{filter}"
                );
                (sql, given(&["n1", "n2"], &[], &[]))
            }
            4 => {
                let (text, number) = (self.text(&scope, 1), self.number(&scope, 1));
                let word = *self.of(&["UNION ALL", "UNION", "EXCEPT", "INTERSECT"]);
                let (other_from, other) = self.from(0, ctes);
                let (other_text, other_number) = (self.text(&other, 1), self.number(&other, 1));
                let sql = format!(
                    "SELECT {text} AS t1, {number} AS n1 FROM {from}{filter} {word} SELECT {other_text}, {other_number} FROM {other_from}"
                );
                (sql, given(&["n1"], &["t1"], &[]))
            }
            5 => {
                // Over one table alone sums may be shown where values are not.
                let (from, own) = self.relation(0, &[]);
                let own = std::slice::from_ref(&own);
                let with =
                    if self.one_in(2) { format!(" WHERE {}", self.condition(own, 1)) } else { String::new() };
                let (key, function) = (self.text(own, 0), *self.of(&["sum", "avg"]));
                let number = match own {
                    [Relation { alias, numbers, .. }] if !numbers.is_empty() => {
                        format!("{alias}.{}", self.of(numbers))
                    }
                    _ => "1".to_owned(),
                };
                let sql = format!(
                    "SELECT {key} AS t1, /*sum*/{function}({number}) AS n1 FROM {from}{with} GROUP BY {key}"
                );
                (sql, given(&["n1"], &["t1"], &[]))
            }
            6 => {
                let (key, order, number) =
                    (self.text(&scope, 0), self.number(&scope, 0), self.number(&scope, 1));
                let function = match self.below(4) {
                    0 => "rank()".to_owned(),
                    1 => "dense_rank()".to_owned(),
                    2 => "count(*)".to_owned(),
                    _ => format!("max({number})"),
                };
                let sql = match self.one_in(2) {
                    true => format!(
                        "SELECT {key} AS t1, {function} OVER w AS n1 FROM {from}{filter} \
                         WINDOW w AS (PARTITION BY {key} ORDER BY {order})"
                    ),
                    false => format!(
                        "SELECT {key} AS t1, {function} OVER (PARTITION BY {key} ORDER BY {order} DESC) AS n1 \
                         FROM {from}{filter}"
                    ),
                };
                (sql, given(&["n1"], &["t1"], &[]))
            }
            7 => {
                let (number, value) = (self.number(&scope, 1), self.scalar(&scope, ctes));
                // What the value is is not known here, so it is treated as if it were protected.
                let sql = format!("SELECT {number} AS n1, {value} AS s1 FROM {from}{filter}");
                (sql, given(&["n1"], &[], &["s1"]))
            }
            8 => {
                let shown = self.secret(&scope).unwrap_or_else(|| "NULL".to_owned());
                let (other_from, other) = self.from(0, ctes);
                let other_shown = self.secret(&other).unwrap_or_else(|| "'-'".to_owned());
                let word = *self.of(&["UNION ALL", "UNION ALL", "UNION", "EXCEPT"]);
                let sql = format!(
                    "SELECT {shown} AS s1, 1 AS n1 FROM {from}{filter} {word} SELECT {other_shown}, 2 FROM {other_from}"
                );
                (sql, given(&["n1"], &[], &["s1"]))
            }
            _ => {
                let distinct = if self.one_in(3) { "DISTINCT " } else { "" };
                let (text, number) = (self.text(&scope, 2), self.number(&scope, 2));
                let sql = format!("SELECT {distinct}{text} AS t1, {number} AS n1 FROM {from}{filter}");
                (sql, given(&["n1"], &["t1"], &[]))
            }
        }
    }

    /// A statement over the clinic.
    pub(crate) fn statement(&mut self) -> String {
        let mut ctes: Vec<Relation> = Vec::new();
        let mut texts: Vec<String> = Vec::new();
        let mut recursive = false;
        for _ in 0..self.below(3) {
            // Now and then one takes the name of a table.
            let alias = if self.one_in(5) { "visits".to_owned() } else { self.alias() };
            if ctes.iter().any(|cte| cte.alias == alias) {
                continue;
            }
            if alias != "visits" && self.one_in(5) {
                recursive = true;
                let (sql, columns) = self.recursion(&alias);
                texts.push(sql);
                ctes.push(columns);
                continue;
            }
            let (sql, columns) = self.query(1, &ctes, &[]);
            if sql.contains(" visits ") && alias == "visits" {
                continue;
            }
            texts.push(format!("{alias} AS ({sql})"));
            ctes.push(Relation { alias, ..columns });
        }
        let sql = match self.below(8) {
            6 => {
                let (from, scope) = self.from(1, &ctes);
                format!("SELECT * FROM {from} WHERE {}", self.condition(&scope, 2))
            }
            7 => {
                let (from, scope) = self.from(1, &ctes);
                let alias = &self.of(&scope).alias.clone();
                format!("SELECT {alias}.*, 7 AS n1 FROM {from} WHERE {}", self.condition(&scope, 1))
            }
            _ => self.query(2, &ctes, &[]).0,
        };
        let sorted = if self.one_in(6) { " ORDER BY 1 DESC" } else { "" };
        match texts.is_empty() {
            true => format!("{sql}{sorted}"),
            false => {
                let recursive = if recursive { "RECURSIVE " } else { "" };
                format!("WITH {recursive}{} {sql}{sorted}", texts.join(", "))
            }
        }
    }
}

fn of_patients(alias: &str) -> Relation {
    let (_, numbers, texts, secrets) = TABLES[0];
    let owned = |names: Names| names.iter().map(|name| (*name).to_owned()).collect();
    Relation {
        alias: alias.to_owned(),
        numbers: owned(numbers),
        texts: owned(texts),
        secrets: owned(secrets),
    }
}
