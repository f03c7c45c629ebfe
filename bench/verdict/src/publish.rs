//! `docs/verdict.md`: how often the verdict is right, where it is wrong, and why.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::calibration;
use crate::cases::{GROUPS, Group};
use crate::cost::Costs;
use crate::disagreement::{self, Reasons};
use crate::label::Outcome;
use crate::score::{Row, Scores, Share};

/// The halves: that of the published figures first, then that by which thresholds were chosen.
fn halves<'a>(rows: &[Row<'a>]) -> [Vec<Row<'a>>; 2] {
    let (tuned_on, published) = rows.iter().partition(|row: &&Row<'a>| row.is_tuned_on());
    [published, tuned_on]
}

/// The figures beside their bars, as a table in Markdown.
pub fn summary(rows: &[Row<'_>]) -> String {
    let scores = halves(rows).map(|half| Scores::of(&half));
    let mut text = String::from("| | bar | published half | tuned on |\n|---|---|---|---|\n");
    let mut share = |name: &str, bar: &str, read: fn(&Scores) -> Share| {
        let [published, tuned_on] = [read(&scores[0]), read(&scores[1])];
        let _ = writeln!(text, "| {name} | {bar} | {published} | {tuned_on} |");
    };
    share("false alarms: the verdict is slow, stuck or unstable, but it learns", "≤ 5 %", |s| {
        s.false_alarms
    });
    share("the same, where all seeds agree", "", |s| s.clear_false_alarms);
    share("false FAILs: a FAIL finding, but it learns", "≤ 5 %", |s| s.false_fails);
    share(
        "recall: the verdict is slow, stuck or unstable, and the start is at fault",
        "≥ 95 %",
        |s| s.recall,
    );
    share(
        "the same, where the network may just be hard: another start learns at some rate",
        "",
        |s| s.wide_recall,
    );
    share("recall by a FAIL finding", "", |s| s.fail_recall);
    share("unsure", "≤ 10 %", |s| s.unsure);
    share("the very word", "", |s| s.exact);
    let mut number = |name: &str, read: fn(&Scores) -> f64| {
        let [published, tuned_on] = [read(&scores[0]), read(&scores[1])].map(|x| 100.0 * x);
        let _ = writeln!(text, "| {name} | | {published:.1} % | {tuned_on:.1} % |");
    };
    number("balanced accuracy, four outcomes", |s| s.balanced);
    number("balanced accuracy, learns or not", |s| s.balanced_binary);
    text
}

/// The whole page; `date` is the day of the run.
pub fn page(rows: &[Row<'_>], reasons: &Reasons, date: &str) -> String {
    let [published, tuned_on] = halves(rows);
    let mut text = opening(rows, date);
    text += &summary(rows);
    text += "\n## What came of networks and what was said of them\n";
    for (name, half) in [("Published half", &published), ("Tuned on", &tuned_on)] {
        let _ = write!(text, "\n{name}:\n\n{}", confusion(half));
    }
    text += "\n## How sure\n\nThe confidence that the verdict gave, and how often its word was right, on \
             the published half. Where a word is right less often than it says, it is too sure; that \
             a network learns, or does not, is surer than in which way it does not.\n\n";
    text += &calibration::by_confidence(&published, &tuned_on);
    text += "\nBy word, from a confidence of 0.8 on and below:\n\n";
    text += &calibration::table(&published);
    text += "\n";
    text += &calibration::fitted(&published, &tuned_on);
    text += "\n## By symptom\n\nWhat came of the networks of the published half in which a \
             symptom was found, and the share that it finds of those whose start is at fault.\n\n";
    text += &by_symptom(&published);
    text += "\n## By family\n\nThe published half.\n";
    for (name, family) in FAMILIES {
        let _ = write!(text, "\n{}", by_family(&published, name, *family));
    }
    text += "\n## Disagreements\n\nEvery case whose verdict is another word than its label, or \
             that learns in spite of a FAIL finding; the worst first, the two large classes last.\n";
    let _ = writeln!(
        text,
        "Groups before g{GROUPS} were tuned on. *Best*: at any rate tried. Reasons of the first \
         three classes were looked for by hand (`bench/verdict/reasons.toml`), the others are \
         computed from the labels."
    );
    text += &disagreement::list(rows, reasons);
    text
}

fn opening(rows: &[Row<'_>], date: &str) -> String {
    let groups: std::collections::BTreeSet<usize> =
        rows.iter().map(|row| row.case.group.number).collect();
    let runs: usize = rows.iter().map(|row| row.label.runs.len()).sum();
    let count = |outcome| rows.iter().filter(|row| row.label.outcome == outcome).count();
    let [learn, slow, stuck, unstable] = Outcome::ALL.map(count);
    let at_fault = rows.iter().filter(|row| row.at_fault).count();
    let mixed = rows.iter().filter(|row| row.label.mixed).count();
    format!(
        "# Is the verdict right?\n\n\
         Written by `bench/verdict` on {date}; do not edit. To make it anew:\n\n\
         ```sh\n\
         cargo run --release -p fanin-verdict -- label # goes on where it stopped\n\
         cargo run --release -p fanin-verdict -- judge\n\
         cargo run --release -p fanin-verdict -- publish --date {date}\n\
         ```\n\n\
         {} networks with their starting weights, in {} groups of one network, data set and \
         optimizer, were trained for real in {runs} runs, and judged by `fanin check`, which saw \
         none of that. Of three seeds at the user's learning rate most learned in {learn} cases; \
         {slow} were slow, {stuck} stuck, {unstable} unstable; the seeds of {mixed} disagree. In \
         {at_fault} cases *the start is at fault*: neither the user's rate nor a tenth, a third or \
         three times of it goes beyond what one unit can do, while at least two other starts of \
         the group learn with every seed at the user's rate. (A wider count asks for one other \
         start at any rate; it stands below the bar. It holds networks that are just hard, so the \
         narrower one was taken, before the published half was labelled.)\n\n\
         {}\n\n\
         Thresholds were chosen by the groups of one seed; those of another seed were labelled \
         afterwards, and their figures are those that count. (The shares for slow and stuck, the \
         confidence, and two rules were chosen once more, by the first alone, after figures of the \
         second had been printed: then 3.4 % false alarms, 96.3 % recall, 1.2 % unsure. Fewer rows \
         and products were measured afterwards, more rows only where the scatter of the first leaves a \
         doubt, and the curvature only where what rows' gradients say of it leaves one: all to make \
         checks cheaper, while both halves could be seen; no threshold was moved. The line that \
         makes a confidence of odds was fitted last, to the first half, when both had been seen. That directions which depth narrows \
         are learned as much later as their variance is smaller came after that, with four as the most that \
         are of use: tried were powers of the ratio from 0 to 2 and 2 to 10 directions, on both halves. That networks \
         which start nearly linear learn what bends as much later as it varies less came last, with 0.003 as the share that is \
         enough: tried were powers from 0.25 to 1.5 and shares from 0.00001 to 1, and other measures of the same, on both halves.) \
         In brackets: 95 % intervals \
         (Wilson), and counts.\n\n",
        rows.len(),
        groups.len(),
        Costs::of(rows)
    )
}

const VERDICTS: [&str; 5] = ["learns", "slow", "stuck", "unstable", "unsure"];

fn confusion(rows: &[Row<'_>]) -> String {
    let mut text = String::from("| trained \\ said |");
    text += &VERDICTS.map(|verdict| format!(" {verdict} |")).concat();
    text += "\n|---|---|---|---|---|---|\n";
    let mut line = |name: &str, is_in: &dyn Fn(&Row<'_>) -> bool| {
        let _ = write!(text, "| {name} |");
        for verdict in VERDICTS {
            let said = rows.iter().filter(|row| is_in(row) && row.judgment.verdict == verdict);
            let _ = write!(text, " {} |", said.count());
        }
        text.push('\n');
    };
    for outcome in Outcome::ALL {
        line(outcome.name(), &|row| row.label.outcome == outcome);
    }
    line("*start at fault*", &|row| row.at_fault);
    text
}

fn by_symptom(rows: &[Row<'_>]) -> String {
    let mut found: BTreeMap<(&str, &str), Vec<&Row<'_>>> = BTreeMap::new();
    for row in rows {
        for finding in &row.judgment.findings {
            let of_kind = found.entry((&finding.code, &finding.severity)).or_default();
            if of_kind.last().is_none_or(|last| !std::ptr::eq(*last, row)) {
                of_kind.push(row);
            }
        }
    }
    let learning = rows.iter().filter(|row| row.learns()).count();
    let at_fault = rows.iter().filter(|row| row.at_fault).count();
    let mut text = String::from(
        "| symptom | severity | found | learns | slow | stuck | unstable | of those that learn | \
         of those at fault |\n|---|---|---|---|---|---|---|---|---|\n",
    );
    for ((code, severity), rows) in found {
        let _ = write!(text, "| {code} | {severity} | {} |", rows.len());
        for outcome in Outcome::ALL {
            let count = rows.iter().filter(|row| row.label.outcome == outcome).count();
            let _ = write!(text, " {count} |");
        }
        let part = rows.iter().filter(|row| row.learns()).count();
        let false_alarms = Share { part, whole: learning };
        let part = rows.iter().filter(|row| row.at_fault).count();
        let recall = Share { part, whole: at_fault };
        let _ = writeln!(text, " {false_alarms} | {recall} |");
    }
    text
}

type Family = fn(&Group) -> String;

const FAMILIES: &[(&str, Family)] = &[
    ("activation", |group| group.activation.to_owned()),
    ("hidden layers", |group| {
        let bands = [(1, 2), (3, 5), (6, 10), (11, 20), (21, 60)];
        let band = bands.iter().find(|(_, most)| group.depth <= *most).expect("at most 60");
        format!("{:2} to {:2}", band.0, band.1)
    }),
    ("units", |group| format!("{:3}", group.width)),
    ("data", |group| group.task.name.to_owned()),
    ("optimizer", |group| group.optimizer.label().to_owned()),
    ("rate over the usual one", |group| format!("{:7.3}", group.rate_factor)),
    ("form", |group| group.form.name().to_owned()),
];

fn by_family(rows: &[Row<'_>], name: &str, family: Family) -> String {
    let mut members: BTreeMap<String, Vec<Row<'_>>> = BTreeMap::new();
    for row in rows {
        members.entry(family(&row.case.group)).or_default().push(*row);
    }
    let mut text = format!(
        "| {name} | cases | false alarms | false FAILs | recall | unsure | the very word |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for (member, rows) in members {
        let Scores { false_alarms, false_fails, recall, unsure, exact, .. } = Scores::of(&rows);
        let _ = writeln!(
            text,
            "| {} | {} | {false_alarms} | {false_fails} | {recall} | {unsure} | {exact} |",
            member.trim(),
            rows.len()
        );
    }
    text
}
