//! Arrays for a network that tells what it takes and gives: one for each input, and targets with
//! the axes of its result.

use std::borrow::Cow;
use std::path::Path;

use super::{ClassOrder, LoadOptions, NO_CLASS, Targets, Task};
use crate::formats::{Array, Element, Endian, Order};
use crate::spec::{Feed, Numbers};
use crate::{Error, Result};

/// The features out of an archive that has an array for each input, by the input's name or by its
/// place as `input_0`, `input_1`, …; rows one after another, as the network takes them.
///
/// A switch, such as a mask of padding, is on where the archive has no array for it. `None` where
/// the first input has no array either.
///
/// # Errors
/// If an input that is no switch has no array, or arrays have other rows or other numbers in a row
/// than the network takes.
pub(super) fn features(
    path: &Path,
    arrays: &[(String, Array)],
    feeds: &[Feed],
) -> Result<Option<Array>> {
    let of = |index: usize, feed: &Feed| {
        let named = |name: &str| arrays.iter().find(|(n, _)| n == name).map(|(_, array)| array);
        let found = named(&feed.name).or_else(|| named(&format!("input_{index}")))?;
        let parted = parted(found, &feed.axes).filter(|_| found.row_elements() != feed.columns);
        Some(parted.map_or(Cow::Borrowed(found), Cow::Owned))
    };
    let found: Vec<Option<Cow<'_, Array>>> =
        feeds.iter().enumerate().map(|(index, feed)| of(index, feed)).collect();
    let Some(Some(first)) = found.first() else { return Ok(None) };
    let rows = first.rows();
    let mut columns = Vec::new();
    for (index, (feed, array)) in feeds.iter().zip(&found).enumerate() {
        let mistake = |found: String, expected: String| Error::Setting {
            place: format!("input `{}` of {}", feed.name, path.display()),
            found,
            expected,
        };
        match array {
            Some(array) if array.rows() == rows && array.row_elements() == feed.columns => {
                columns.push((feed.columns, Some(array.numbers())));
            }
            Some(array) => {
                let found = format!("an array of shape {:?}", array.shape);
                let expected = format!("[{rows}, …] with {} numbers in a row", feed.columns);
                return Err(mistake(found, expected));
            }
            None if feed.numbers == Numbers::Switches => columns.push((feed.columns, None)),
            None => {
                let names: Vec<&str> = arrays.iter().map(|(name, _)| &**name).collect();
                let expected = format!("`{}` or `input_{index}`", feed.name);
                return Err(mistake(format!("only arrays {}", names.join(", ")), expected));
            }
        }
    }
    let width: usize = columns.iter().map(|(count, _)| count).sum();
    let mut bytes = Vec::with_capacity(rows * width * Element::F64.size());
    for _ in 0..rows {
        for (count, numbers) in &mut columns {
            for _ in 0..*count {
                let number = numbers.as_mut().map_or(Some(1.0), Iterator::next);
                bytes.extend(number.expect("as many rows of as many numbers").to_le_bytes());
            }
        }
    }
    let shape = vec![rows, width];
    let (element, endian, order) = (Element::F64, Endian::Little, Order::Row);
    Ok(Some(Array { shape, element, endian, order, bytes }))
}

/// An array with as many of these along an axis of their own as it holds one after another; `None`
/// where it has other axes.
fn parted(array: &Array, axes: &[usize]) -> Option<Array> {
    let ([length, behind @ ..], [own, rest @ ..]) = (&array.shape[..], axes) else { return None };
    let fits = *own > 0 && length.is_multiple_of(*own) && behind == rest;
    let shape = [&[length.checked_div(*own)?], axes].concat();
    (fits && array.order == Order::Row).then(|| Array { shape, ..array.clone() })
}

/// Gives arrays an axis of rows that have none, but hold so many of what a network answers with
/// these axes, or a class for each of its positions.
pub(super) fn part_answers(arrays: &mut [(String, Array)], rows: usize, output: &[usize]) {
    let positions = &output[..output.len().saturating_sub(1)];
    for (_, array) in arrays.iter_mut().filter(|(_, array)| array.rows() != rows) {
        let of = |axes: &[usize]| parted(array, axes).filter(|parted| parted.rows() == rows);
        if let Some(parted) = of(output).or_else(|| of(positions)) {
            *array = parted;
        }
    }
}

/// Whole numbers as the classes that a network of several classes tells apart, one for each row or
/// each position of it; a negative one, such as PyTorch's −100, asks for none.
///
/// `None` where the numbers are no such classes, or something else is to be learned.
///
/// # Errors
/// If they have the shape of classes and one is not below the number of classes.
pub(super) fn labels(
    path: &Path,
    targets: &Array,
    kept: &[usize],
    options: &LoadOptions,
) -> Result<Option<(Targets, Task)>> {
    let asked = options.task.unwrap_or(Task::Classification) == Task::Classification;
    let (positions, classes, order) = match options.output[..] {
        [classes] => (1, classes, ClassOrder::ByPosition),
        [positions, classes] => (positions, classes, ClassOrder::ByPosition),
        [classes, ref rest @ ..] => (rest.iter().product(), classes, ClassOrder::ByClass),
        [] => return Ok(None),
    };
    let shaped = targets.element.is_integer() && targets.row_elements() == positions;
    if !asked || !shaped || classes < 2 {
        return Ok(None);
    }
    let numbers: Vec<f64> = targets.numbers().collect();
    let id = |at: usize| match numbers[at] {
        id if id < 0.0 && positions > 1 => Ok(NO_CLASS),
        id if (0.0..classes as f64).contains(&id) => Ok(id as u32),
        id => Err(Error::Malformed {
            path: path.to_owned(),
            place: format!("row {} of the targets", at / positions + 1),
            found: id.to_string(),
            expected: format!("a class from 0 to {}, for the network has {classes}", classes - 1),
        }),
    };
    let places = kept.iter().flat_map(|row| row * positions..(row + 1) * positions);
    let ids = places.map(id).collect::<Result<Vec<u32>>>()?;
    let targets = if options.output.len() == 1 {
        Targets::Classes { labels: ids, names: (0..classes).map(|c| c.to_string()).collect() }
    } else {
        Targets::Tokens { ids, positions, classes, order }
    };
    Ok(Some((targets, Task::Classification)))
}

/// What is learned by a network that answers with one number, where nothing else was asked for:
/// whether something holds, by targets of 0 and 1, or a number.
pub(super) fn task(numbers: &[f64], options: &LoadOptions) -> Option<Task> {
    let is_one = !options.output.is_empty() && options.output.iter().product::<usize>() == 1;
    let usual = is_one.then(|| {
        let is_binary = numbers.iter().all(|&n| n == 0.0 || n == 1.0);
        if is_binary { Task::MultiLabel } else { Task::Regression }
    });
    options.task.or(usual)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(shape: &[usize], numbers: &[i32]) -> Array {
        Array {
            shape: shape.to_vec(),
            element: Element::I32,
            endian: Endian::Little,
            order: Order::Row,
            bytes: numbers.iter().flat_map(|n| n.to_le_bytes()).collect(),
        }
    }

    fn feed(name: &str, columns: usize, numbers: Numbers) -> Feed {
        Feed { name: name.to_owned(), columns, axes: vec![columns], numbers }
    }

    #[test]
    fn inputs_come_in_the_networks_order_by_name_or_place() {
        let arrays = [
            ("input_1".to_owned(), array(&[2], &[7, 8])),
            ("ids".to_owned(), array(&[2, 2], &[1, 2, 3, 4])),
        ];
        let feeds = [
            feed("ids", 2, Numbers::Indices(9)),
            feed("price", 1, Numbers::Measured),
            feed("mask", 1, Numbers::Switches),
        ];
        let path = Path::new("a.npz");
        let made = features(path, &arrays, &feeds).unwrap().unwrap();
        assert_eq!(made.numbers().collect::<Vec<_>>(), [1., 2., 7., 1., 3., 4., 8., 1.]);
        let other = [("x".to_owned(), array(&[2, 2], &[1, 2, 3, 4]))];
        assert_eq!(features(path, &other, &feeds).unwrap(), None);
        let error = features(path, &arrays[1..], &feeds).unwrap_err().to_string();
        let expected = "input `price` of a.npz: found only arrays ids, \
                        expected `price` or `input_1`";
        assert_eq!(error, expected);
    }

    #[test]
    fn what_a_network_takes_whole_is_one_row() {
        let mut arrays = [
            ("input_0".to_owned(), array(&[2, 2], &[1, 2, 3, 4])),
            ("input_1".to_owned(), array(&[1, 3], &[0, 1, 1])),
            ("y".to_owned(), array(&[2], &[0, 1])),
            ("target_0".to_owned(), array(&[2, 3], &[0; 6])),
        ];
        let of = |axes: &[usize]| Feed { axes: axes.to_vec(), ..feed("", 0, Numbers::Measured) };
        let feeds = [Feed { columns: 4, ..of(&[2, 2]) }, Feed { columns: 3, ..of(&[1, 3]) }];
        let made = features(Path::new("a.npz"), &arrays, &feeds).unwrap().unwrap();
        assert_eq!((made.rows(), made.row_elements()), (1, 7));
        part_answers(&mut arrays, 1, &[2, 3]);
        assert_eq!([&arrays[2].1.shape, &arrays[3].1.shape], [&vec![1, 2], &vec![1, 2, 3]]);
    }

    #[test]
    fn one_number_is_a_regression_or_yes_and_no() {
        let options = LoadOptions { output: vec![1], ..LoadOptions::default() };
        assert_eq!(task(&[0.0, 1.0, 1.0], &options), Some(Task::MultiLabel));
        assert_eq!(task(&[0.0, 1.0, 2.0], &options), Some(Task::Regression));
        assert_eq!(task(&[0.0, 1.0, 2.0], &LoadOptions::default()), None);
        let asked = LoadOptions { task: Some(Task::Regression), ..options };
        assert_eq!(task(&[0.0, 1.0], &asked), Some(Task::Regression));
    }

    #[test]
    fn whole_numbers_are_classes_where_the_network_answers() {
        let read = |shape: &[usize], numbers: &[i32], output: &[usize]| {
            let options = LoadOptions { output: output.to_vec(), ..LoadOptions::default() };
            let rows: Vec<usize> = (0..shape[0]).collect();
            labels(Path::new("a.npz"), &array(shape, numbers), &rows, &options)
        };
        let words = read(&[1, 2], &[3, -100], &[2, 4]).unwrap().unwrap().0;
        let (ids, order) = (vec![3, NO_CLASS], ClassOrder::ByPosition);
        assert_eq!(words, Targets::Tokens { ids, positions: 2, classes: 4, order });
        let pixels = read(&[1, 1, 2], &[2, 0], &[3, 1, 2]).unwrap().unwrap().0;
        let (ids, order) = (vec![2, 0], ClassOrder::ByClass);
        assert_eq!(pixels, Targets::Tokens { ids, positions: 2, classes: 3, order });
        let rows = read(&[2], &[1, 0], &[5]).unwrap().unwrap().0;
        assert!(matches!(rows, Targets::Classes { names, .. } if names.len() == 5));
        assert_eq!(read(&[1, 2], &[3, 1], &[3, 4]).unwrap(), None);
        let error = read(&[2], &[1, 5], &[5]).unwrap_err().to_string();
        let expected = "a.npz: row 2 of the targets: found 5, \
                        expected a class from 0 to 4, for the network has 5";
        assert_eq!(error, expected);
    }
}
