//! Pictures: PNG and JPEG files as numbers.
//!
//! Read only in builds with the feature `pictures`; any other build says how to get one.

use std::path::Path;

use crate::Result;

/// Height and width beyond which no picture is read.
#[cfg(feature = "pictures")]
const LARGEST_SIDE: u32 = 1 << 14;

/// A picture as numbers from 0 to 1, channels first: (channels, height, width).
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Channels, height and width.
    pub axes: [usize; 3],
    /// The numbers, row-major.
    pub values: Vec<f32>,
    /// Whether the file has colors, whatever channels were asked for.
    pub has_color: bool,
}

/// Whether the name of a file is that of a picture.
pub fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_lowercase());
    matches!(ending.as_deref(), Some("png" | "jpg" | "jpeg"))
}

/// Reads a picture with 1 (gray) or 3 (red, green, blue) channels: `channels`, or else its own.
/// Where a height and a width are asked for, it is scaled to them, linearly with antialiasing.
///
/// # Errors
/// [`Error::Io`](crate::Error::Io) if the file cannot be read, and
/// [`Error::Malformed`](crate::Error::Malformed) if it is no picture of at most 16,384 pixels a
/// side.
pub fn read_picture(
    path: &Path,
    channels: Option<usize>,
    size: Option<[usize; 2]>,
) -> Result<Picture> {
    decoder::read(path, channels, size)
}

#[cfg(not(feature = "pictures"))]
mod decoder {
    use std::path::Path;

    use super::Picture;
    use crate::{Error, Result};

    pub(super) fn read(path: &Path, _: Option<usize>, _: Option<[usize; 2]>) -> Result<Picture> {
        Err(Error::Setting {
            place: path.display().to_string(),
            found: "a picture, in a build without them".to_owned(),
            expected: "a build with them (cargo build --release --features pictures), or an .npz"
                .to_owned(),
        })
    }
}

#[cfg(feature = "pictures")]
mod decoder {
    use std::fs;
    use std::io::Cursor;
    use std::path::Path;

    use image::imageops::FilterType;
    use image::{DynamicImage, ImageReader, Limits};

    use super::{LARGEST_SIDE, Picture};
    use crate::{Error, Result};

    pub(super) fn read(
        path: &Path,
        channels: Option<usize>,
        size: Option<[usize; 2]>,
    ) -> Result<Picture> {
        let malformed = |found: String| {
            let expected = "a whole PNG or JPEG file; mend this one or take it away";
            Error::malformed(path, "picture".to_owned(), found, expected.to_owned())
        };
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        if is_cut(&bytes) {
            return Err(malformed("the beginning of a JPEG file alone".to_owned()));
        }
        let reader = ImageReader::new(Cursor::new(bytes));
        let mut reader = reader.with_guessed_format().map_err(Error::io("read", path))?;
        let mut limits = Limits::default();
        limits.max_image_width = Some(LARGEST_SIDE);
        limits.max_image_height = Some(LARGEST_SIDE);
        reader.limits(limits);
        let picture = reader.decode().map_err(|error| malformed(error.to_string()))?;
        let picture = match size {
            Some([height, width])
                if [picture.height(), picture.width()].map(|n| n as usize) != [height, width] =>
            {
                picture.resize_exact(width as u32, height as u32, FilterType::Triangle)
            }
            _ => picture,
        };
        let own = if picture.color().has_color() { 3 } else { 1 };
        Ok(numbers(&picture, channels.unwrap_or(own)))
    }

    /// Whether a JPEG file ends before its picture does, which its decoder fills with gray.
    fn is_cut(bytes: &[u8]) -> bool {
        const SCAN: u8 = 0xda;
        const END: u8 = 0xd9;
        let last = |marker: u8| bytes.windows(2).rposition(|two| two == [0xff, marker]);
        bytes.starts_with(&[0xff, 0xd8]) && last(SCAN) > last(END)
    }

    fn numbers(picture: &DynamicImage, channels: usize) -> Picture {
        let axes = [channels, picture.height() as usize, picture.width() as usize];
        let values = if channels == 1 {
            picture.to_luma32f().into_raw()
        } else {
            let pixels = picture.to_rgb32f().into_raw();
            (0..3).flat_map(|channel| pixels.iter().skip(channel).step_by(3).copied()).collect()
        };
        Picture { axes, values, has_color: picture.color().has_color() }
    }
}

#[cfg(feature = "pictures")]
#[cfg(test)]
mod tests {
    use super::*;

    fn saved(folder: &Path, name: &str, pixels: &[[u8; 3]], width: u32) -> std::path::PathBuf {
        let path = folder.join(name);
        let raw = pixels.concat();
        let height = pixels.len() as u32 / width;
        image::RgbImage::from_raw(width, height, raw).unwrap().save(&path).unwrap();
        path
    }

    #[test]
    fn channels_come_first_and_whites_are_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = saved(folder.path(), "a.png", &[[255, 0, 51], [0, 255, 102]], 2);
        let picture = read_picture(&path, None, None).unwrap();
        assert_eq!(picture.axes, [3, 1, 2]);
        assert_eq!(picture.values, [1.0, 0.0, 0.0, 1.0, 0.2, 0.4]);
        let gray = read_picture(&path, Some(1), None).unwrap();
        assert_eq!((gray.axes, gray.has_color), ([1, 1, 2], true));
    }

    #[test]
    fn a_picture_is_scaled_to_the_size_that_is_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = saved(folder.path(), "a.png", &[[200; 3]; 16], 4);
        let picture = read_picture(&path, Some(3), Some([2, 8])).unwrap();
        assert_eq!(picture.axes, [3, 2, 8]);
        assert!(picture.values.iter().all(|value| (value - 200.0 / 255.0).abs() < 1e-6));
    }

    #[test]
    fn what_is_no_picture_is_refused_by_its_path() {
        let folder = tempfile::tempdir().unwrap();
        // The last bytes of either say that it ends: a PNG's twelve, a JPEG's two.
        for (kind, end) in [("png", 12), ("jpg", 1)] {
            let saved = saved(folder.path(), &format!("a.{kind}"), &[[9; 3]; 64], 8);
            let whole = std::fs::read(saved).unwrap();
            for length in 0..whole.len() - end {
                let path = folder.path().join(format!("cut.{kind}"));
                std::fs::write(&path, &whole[..length]).unwrap();
                let read = read_picture(&path, None, None);
                let error = read.map(|_| ()).expect_err(&format!("{length} bytes")).to_string();
                assert!(error.contains("cut."), "{length}: {error}");
            }
        }
    }
}
