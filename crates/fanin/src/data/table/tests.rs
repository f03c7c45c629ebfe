//! What becomes of columns, words, missing cells and targets.

use super::*;
use crate::formats::{Contents, ReadOptions, data_format};

fn read(text: &str, options: &LoadOptions) -> Result<(Dataset, Task, Vec<String>)> {
    let path = Path::new("a.csv");
    let format = data_format(path).unwrap();
    match format.read(path, text.as_bytes().to_vec(), &ReadOptions::default())? {
        Contents::Table(table) => from_table(path, &table, options),
        Contents::Arrays(_) => unreachable!("CSV holds a table"),
    }
}

fn target(name: &str) -> LoadOptions {
    LoadOptions { targets: vec![name.to_owned()], ..LoadOptions::default() }
}

fn missing(missing: Missing) -> LoadOptions {
    LoadOptions { missing, ..LoadOptions::default() }
}

#[track_caller]
fn check_error(text: &str, options: &LoadOptions, expected: &str) {
    assert_eq!(read(text, options).unwrap_err().to_string(), expected);
}

#[test]
fn words_become_a_feature_each_and_a_usual_target_name_is_found() {
    let text = "color,size,Class\nred,1,yes\nblue,2,no\nred,3,yes\n";
    let (data, task, _) = read(text, &LoadOptions::default()).unwrap();
    assert_eq!(data.feature_names, ["color=blue", "color=red", "size"]);
    assert_eq!(data.features, [0., 1., 1., 1., 0., 2., 0., 1., 3.]);
    let names = vec!["no".to_owned(), "yes".to_owned()];
    assert_eq!(data.targets, Targets::Classes { labels: vec![1, 0, 1], names });
    assert_eq!(task, Task::Classification);
}

#[test]
fn several_targets_are_values() {
    let mut options = target("u");
    options.targets.push("v".to_owned());
    let (data, task, _) = read("a,u,v\n1,2.5,3\n2,4,5\n", &options).unwrap();
    let names = options.targets;
    assert_eq!(data.targets, Targets::Values { values: vec![2.5, 3., 4., 5.], names });
    assert_eq!((data.columns(), task), (1, Task::Regression));
}

#[test]
fn numbers_can_be_categories_when_said_so() {
    let options = LoadOptions { categorical: vec!["zip".to_owned()], ..LoadOptions::default() };
    let (data, ..) = read("zip,y\n10115,a\n80331,b\n10115,a\n", &options).unwrap();
    assert_eq!(data.feature_names, ["zip=10115", "zip=80331"]);
}

#[test]
fn target_column_that_is_missing_names_the_nearest_and_all() {
    check_error(
        "length,width,species\n1,2,a\n",
        &target("spices"),
        "unknown column `spices`; did you mean `species`? known: length, width, species",
    );
    check_error(
        "length,width,species\n1,2,a\n",
        &LoadOptions::default(),
        "target column of a.csv: found none named, and none called target, label, class or y, \
         expected one of the columns (--target): length, width, species",
    );
}

#[test]
fn missing_and_infinite_cells_name_row_and_column() {
    check_error(
        "a,b,y\n1,2,u\n3,NaN,v\n",
        &LoadOptions::default(),
        "a.csv: row 2 (line 3), column `b`: found a missing value, expected a finite number; \
         --missing drop, mean or zero says what to do with missing values",
    );
    check_error(
        "a,b,y\n1,2,u\n3,-inf,v\n",
        &LoadOptions::default(),
        "a.csv: row 2 (line 3), column `b`: found `-inf`, expected a finite number; \
         --missing drop, mean or zero says what to do with missing values",
    );
    check_error(
        "a,y\n1,u\n3,\n",
        &missing(Missing::Mean),
        "a.csv: row 2 (line 3), column `y`: found a missing value, \
         expected a target; --missing drop leaves such rows out",
    );
}

#[test]
fn missing_cells_are_dropped_filled_or_kept_as_asked() {
    let text = "a,c,y\n1,red,u\n,red,v\n3,?,u\n4,blue,\n5,blue,v\n";
    let (data, _, notes) = read(text, &missing(Missing::Drop)).unwrap();
    assert_eq!(data.features, [1., 0., 1., 5., 1., 0.]);
    assert_eq!(notes, ["left out 3 of 5 rows with missing values"]);
    let complete = text.replace("4,blue,\n", "");
    let (data, ..) = read(&complete, &missing(Missing::Zero)).unwrap();
    assert_eq!(data.features, [1., 0., 1., 0., 0., 1., 3., 0., 0., 5., 1., 0.]);
    let (data, ..) = read(text, &missing(Missing::Keep)).unwrap();
    assert_eq!(data.rows(), 4);
    assert_eq!(data.features.iter().filter(|v| v.is_nan()).count(), 3);
    check_error(
        "a,y\n,u\n,v\n",
        &missing(Missing::Drop),
        "a.csv: found a missing value in each of the 2 rows, expected at least one complete row",
    );
}

#[test]
fn word_in_a_column_of_numbers_is_shown_with_its_place() {
    check_error(
        "age,y\n31,u\nforty,v\n",
        &LoadOptions::default(),
        "a.csv: row 2 (line 3), column `age`: found `forty`, expected a number, such as 31 in \
         row 1; --categorical age takes all of them as names",
    );
    let regression = LoadOptions { task: Some(Task::Regression), ..LoadOptions::default() };
    check_error(
        "age,y\n31,high\n40,low\n",
        &regression,
        "a.csv: row 1 (line 2), column `y`: found `high`, expected a number",
    );
    check_error(
        "age,y\n1e39,u\n",
        &LoadOptions::default(),
        "a.csv: row 1 (line 2), column `age`: found `1000000000000000000000000000000000000000`, \
         expected a number that 32 bits can hold, up to 3.4e38",
    );
}

#[test]
fn decimal_commas_are_not_taken_for_names() {
    check_error(
        "a;y\n1,5;u\n2,25;v\n",
        &LoadOptions::default(),
        "a.csv: row 1 (line 2), column `a`: found `1,5`, expected a point before the decimals and \
         nothing between thousands; --categorical a takes such cells as names",
    );
}

#[test]
fn column_of_names_is_not_turned_into_hundreds_of_features() {
    let rows: Vec<String> = (0..101).map(|i| format!("person {i},{}", i % 2)).collect();
    let text = format!("name,y\n{}", rows.join("\n"));
    let error = read(&text, &LoadOptions::default()).unwrap_err().to_string();
    assert!(error.starts_with("column `name` of a.csv: found 101 different words"), "{error}");
    let ignore = LoadOptions { ignore: vec!["name".to_owned()], ..LoadOptions::default() };
    let error = read(&text, &ignore).unwrap_err().to_string();
    assert!(error.starts_with("a.csv: found no column left as a feature"), "{error}");
}

#[test]
fn row_numbers_without_a_name_are_left_out() {
    let (data, _, notes) = read(",a,y\n0,5,u\n1,6,v\n", &LoadOptions::default()).unwrap();
    assert_eq!(data.feature_names, ["a"]);
    assert_eq!(notes.len(), 1);
}

#[test]
fn auto_encoder_needs_no_target() {
    let options = LoadOptions { task: Some(Task::AutoEncoder), ..LoadOptions::default() };
    let (data, ..) = read("a,b\n1,2\n3,4\n", &options).unwrap();
    assert_eq!((data.targets, data.feature_names.len()), (Targets::Features, 2));
}
