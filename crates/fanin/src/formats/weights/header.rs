//! What a checkpoint says of its tensors before their bytes: names, shapes and types.
//!
//! Only headers are read. A file may end right after its header, or anywhere behind it: the first
//! megabytes of a checkpoint are enough to know every tensor of it.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use safetensors::tensor::Metadata;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};

use crate::error::{Error, Result};

/// One tensor, as the header of a file describes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderEntry {
    /// Its name, unique in the checkpoint.
    pub name: String,
    /// The sizes of its axes.
    pub shape: Vec<usize>,
    /// The type of its elements: `f32`, `bf16`, `i64`, …
    pub element: String,
}

/// Bytes of the header's length.
const LENGTH: u64 = 8;
/// The format's own limit on the header, in bytes.
const LARGEST_HEADER: u64 = 100_000_000;
/// The ending of a file of tensors.
const SINGLE: &str = ".safetensors";
/// The ending of the file that says in which shard each tensor lies.
const INDEX: &str = ".safetensors.index.json";

/// The tensors of a .safetensors file, or of all shards that a .safetensors.index.json names, in
/// the order of their bytes, shard after shard.
///
/// No byte behind a header is looked at, so it does not matter how many there are.
///
/// # Errors
/// [`Error::Io`] if a file cannot be read; [`Error::Malformed`] with the place for a header that
/// is cut short, longer than its file, or no header at all, for a name that occurs twice, and for
/// an index that its shards do not bear out; [`Error::Setting`] for other kinds of file.
///
/// ```
/// use fanin::formats::{HeaderEntry, read_header};
/// let header = r#"{"w":{"dtype":"BF16","shape":[8192,8192],"data_offsets":[0,134217728]}}"#;
/// let path = std::env::temp_dir().join(format!("fanin-doc-{}-h.safetensors", std::process::id()));
/// std::fs::write(&path, [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat())?;
/// let (name, shape, element) = ("w".to_owned(), vec![8192, 8192], "bf16".to_owned());
/// assert_eq!(read_header(&path)?, [HeaderEntry { name, shape, element }]);
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn read_header(path: &Path) -> Result<Vec<HeaderEntry>> {
    if is_index(path) {
        Ok(shards(path)?.into_iter().flat_map(|shard| shard.entries).collect())
    } else if has_header(path) {
        of_file(path)
    } else {
        Err(Error::Setting {
            place: path.display().to_string(),
            found: "a file name whose ending tells no checkpoint".to_owned(),
            expected: format!("{SINGLE}, or {INDEX} beside its shards"),
        })
    }
}

/// Whether a file's name is one that [`read_header`] takes.
pub(crate) fn has_header(path: &Path) -> bool {
    is_index(path) || lowercase_name(path).ends_with(SINGLE)
}

/// Whether a file's name says that it tells in which shard each tensor lies.
pub(super) fn is_index(path: &Path) -> bool {
    lowercase_name(path).ends_with(INDEX)
}

fn lowercase_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
}

fn of_file(path: &Path) -> Result<Vec<HeaderEntry>> {
    let header = header_bytes(path)?;
    let malformed = |error: &serde_json::Error| {
        let place = match (error.line(), error.column()) {
            (0, _) => "header".to_owned(),
            (line, column) => format!("header, line {line}, column {column}"),
        };
        let expected = "JSON that describes adjoining tensors of known type and size";
        Error::malformed(path, place, error.to_string(), expected)
    };
    serde_json::from_slice::<UniqueNames>(&header).map_err(|error| malformed(&error))?;
    let metadata: Metadata = serde_json::from_slice(&header).map_err(|error| malformed(&error))?;
    let entry = |name: String| {
        let info = metadata.info(&name).expect("the name comes from the same header");
        let element = info.dtype.to_string().to_lowercase();
        HeaderEntry { shape: info.shape.clone(), element, name }
    };
    Ok(metadata.offset_keys().into_iter().map(entry).collect())
}

/// The header, if the file is as long as the header says that it is itself.
fn header_bytes(path: &Path) -> Result<Vec<u8>> {
    let mut file = File::open(path).map_err(Error::io("read", path))?;
    let bytes = file.metadata().map_err(Error::io("read", path))?.len();
    let fail =
        |found: String, expected: String| Err(Error::malformed(path, "byte 0", found, expected));
    if bytes < LENGTH {
        return fail(format!("{bytes} bytes in all"), "at least 8".to_owned());
    }
    let mut length = [0; LENGTH as usize];
    file.read_exact(&mut length).map_err(Error::io("read", path))?;
    let length = u64::from_le_bytes(length);
    let largest = (bytes - LENGTH).min(LARGEST_HEADER);
    if length > largest {
        let expected = format!("at most {largest} for a file of {bytes} bytes");
        return fail(format!("a header of {length} bytes"), expected);
    }
    let mut header = Vec::new();
    file.take(length).read_to_end(&mut header).map_err(Error::io("read", path))?;
    Ok(header)
}

/// The file beside shards that says where each tensor lies.
#[derive(serde::Deserialize)]
struct Index {
    weight_map: BTreeMap<String, String>,
}

/// A file that an index names, and which of its tensors the index finds there.
pub(super) struct Shard {
    pub path: PathBuf,
    pub entries: Vec<HeaderEntry>,
}

/// The shards that an index names.
///
/// # Errors
/// As [`read_header`].
pub(super) fn shards(path: &Path) -> Result<Vec<Shard>> {
    let text = fs::read_to_string(path).map_err(Error::io("read", path))?;
    let index: Index = serde_json::from_str(&text).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        Error::malformed(path, place, error.to_string(), "a `weight_map` from names to files")
    })?;
    let mut names: Vec<&String> = index.weight_map.values().collect();
    names.sort_unstable();
    names.dedup();
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut shards = Vec::new();
    for name in names {
        if Path::new(name).file_name() != Some(name.as_ref()) {
            let place = format!("weight_map, file `{name}`");
            let expected = "the name of a file in the same folder";
            return Err(Error::malformed(path, place, "a path", expected));
        }
        let path = folder.join(name);
        let mut entries = of_file(&path)?;
        entries.retain(|entry| index.weight_map.get(&entry.name) == Some(name));
        shards.push(Shard { path, entries });
    }
    let entries = shards.iter().flat_map(|shard| &shard.entries);
    let found: HashSet<&str> = entries.map(|entry| entry.name.as_str()).collect();
    match index.weight_map.iter().find(|(name, _)| !found.contains(name.as_str())) {
        Some((name, shard)) => {
            let place = format!("weight_map, tensor `{name}`");
            let found = format!("file `{shard}`, which has no such tensor");
            Err(Error::malformed(path, place, found, "a file that has it"))
        }
        None => Ok(shards),
    }
}

/// A JSON object that says no key twice: the format's crate would silently take the last.
struct UniqueNames;

impl<'de> Deserialize<'de> for UniqueNames {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        deserializer.deserialize_map(UniqueVisitor)
    }
}

struct UniqueVisitor;

impl<'de> Visitor<'de> for UniqueVisitor {
    type Value = UniqueNames;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of tensors")
    }

    fn visit_map<A: MapAccess<'de>>(
        self,
        mut map: A,
    ) -> std::result::Result<UniqueNames, A::Error> {
        let mut seen = HashSet::new();
        while let Some((name, _)) = map.next_entry::<String, IgnoredAny>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("two tensors called `{name}`")));
            }
        }
        Ok(UniqueNames)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"n":{"dtype":"I64","shape":[],"data_offsets":[24,32]}}"#;

    fn file(header: &str) -> Vec<u8> {
        [&(header.len() as u64).to_le_bytes(), header.as_bytes()].concat()
    }

    fn read(bytes: &[u8]) -> Result<Vec<HeaderEntry>> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        fs::write(&path, bytes).unwrap();
        read_header(&path)
    }

    #[test]
    fn a_header_is_enough_and_bytes_behind_it_do_not_matter() {
        for behind in [0, 1, 32, 100] {
            let entries = read(&[file(TWO), vec![0; behind]].concat()).unwrap();
            let told: Vec<(&str, &[usize], &str)> =
                entries.iter().map(|e| (&*e.name, &*e.shape, &*e.element)).collect();
            assert_eq!(told, [("a", &[2, 3][..], "f32"), ("n", &[], "i64")]);
        }
    }

    #[track_caller]
    fn check_malformed(bytes: &[u8], part: &str) {
        let error = read(bytes).unwrap_err();
        assert!(matches!(error, Error::Malformed { .. }), "{error:?}");
        assert!(error.to_string().contains(part), "{error}");
    }

    #[test]
    fn headers_that_are_cut_lie_or_repeat_are_told() {
        let whole = file(TWO);
        for length in 0..whole.len() {
            check_malformed(&whole[..length], "byte 0: found");
        }
        check_malformed(&(1_u64 << 60).to_le_bytes(), "a header of 1152921504606846976 bytes");
        check_malformed(&u64::MAX.to_le_bytes(), "a header of 18446744073709551615 bytes");
        let same = r#""dtype":"F32","shape":[1],"data_offsets":[0,4]"#;
        check_malformed(
            &file(&format!(r#"{{"w":{{{same}}},"w":{{{same}}}}}"#)),
            "two tensors called `w`",
        );
        let huge = r#"{"w":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}"#;
        check_malformed(&file(huge), "header: found overflow");
        check_malformed(&file("[]"), "an object of tensors");
    }

    #[test]
    fn shards_are_read_by_their_index() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let one = |name: &str| {
            file(&format!(r#"{{"{name}":{{"dtype":"BF16","shape":[4],"data_offsets":[0,8]}}}}"#))
        };
        fs::write(at("m-00001-of-00002.safetensors"), one("x")).unwrap();
        fs::write(at("m-00002-of-00002.safetensors"), one("b")).unwrap();
        let index = |x: &str| {
            let map =
                format!(r#"{{"weight_map":{{"b":"m-00002-of-00002.safetensors","x":"{x}"}}}}"#);
            let path = at("model.safetensors.index.json");
            fs::write(&path, map).unwrap();
            read_header(&path)
        };
        let entries = index("m-00001-of-00002.safetensors").unwrap();
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["x", "b"]);
        let message = |x: &str| index(x).unwrap_err().to_string();
        assert!(
            message("m-00002-of-00002.safetensors").contains("tensor `x`: found file `m-00002")
        );
        assert!(message("../x.safetensors").contains("file `../x.safetensors`: found a path"));
        assert!(message("m-00003.safetensors").contains("cannot read"));
    }
}
