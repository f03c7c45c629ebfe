//! Pictures as PNG, with this machine's fonts.
//!
//! No font is carried along: a machine without any is told so, rather than given pictures without
//! a word. Letters that the chosen font lacks are taken from another that has them.

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{Options, Tree};

use crate::error::{Error, Result};

/// Pixels for a unit of the drawing: 480 units make 1920 pixels, 300 an inch on 16 centimeters.
const SHARPNESS: f32 = 4.0;

/// Fonts in the order of liking, where a drawing's own are not there.
const LIKED: [&str; 5] = ["DejaVu Sans", "Noto Sans", "Liberation Sans", "Arial", "Helvetica"];

/// Draws pictures.
pub struct Painter {
    options: Options<'static>,
}

impl Painter {
    /// A painter with the fonts of this machine.
    ///
    /// # Errors
    /// [`Error::Setting`] if there are none.
    pub fn new() -> Result<Self> {
        let mut options = Options::default();
        let fonts = options.fontdb_mut();
        fonts.load_system_fonts();
        let families = || fonts.faces().flat_map(|face| &face.families).map(|(name, _)| name);
        let liked = LIKED.into_iter().find(|liked| families().any(|name| name == liked));
        let Some(family) = liked.map(str::to_owned).or_else(|| families().next().cloned()) else {
            return Err(Error::Setting {
                place: "pictures as png".to_owned(),
                found: "no font on this machine".to_owned(),
                expected: "one, such as Debian's package fonts-dejavu-core; or pictures as svg, \
                           which need none"
                    .to_owned(),
            });
        };
        fonts.set_sans_serif_family(family.clone());
        options.font_family = family;
        Ok(Self { options })
    }

    /// The bytes of a PNG of a drawing in SVG.
    ///
    /// # Errors
    /// [`Error::Setting`] if it is too large to be drawn.
    pub fn png(&self, drawing: &str) -> Result<Vec<u8>> {
        let wrong = |found: String| Error::Setting {
            place: "picture as png".to_owned(),
            found,
            expected: "a drawing of at most some thousand units".to_owned(),
        };
        let tree = Tree::from_str(drawing, &self.options).map_err(|e| wrong(e.to_string()))?;
        let size = tree.size();
        let side = |units: f32| (units * SHARPNESS).ceil() as u32;
        let (width, height) = (side(size.width()), side(size.height()));
        let mut pixels =
            Pixmap::new(width, height).ok_or_else(|| wrong(format!("{width} × {height}")))?;
        let larger = Transform::from_scale(SHARPNESS, SHARPNESS);
        resvg::render(&tree, larger, &mut pixels.as_mut());
        pixels.encode_png().map_err(|error| wrong(error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine without fonts has none to test with.
    #[test]
    fn a_text_leaves_ink_of_its_color_on_the_paper() {
        let Ok(painter) = Painter::new() else { return };
        let drawing = |text: &str| {
            format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"80\" height=\"20\"><style>text{{\
                 font:14px system-ui,sans-serif;fill:#ff0000}}</style><rect width=\"80\" \
                 height=\"20\" fill=\"#ffffff\"/><text x=\"4\" y=\"15\">{text}</text></svg>"
            )
        };
        let red = |text: &str| {
            let png = painter.png(&drawing(text)).unwrap();
            let pixels = Pixmap::decode_png(&png).unwrap();
            assert_eq!((pixels.width(), pixels.height()), (320, 80));
            let ink = pixels.pixels().iter();
            ink.filter(|p| (p.red(), p.green(), p.blue()) == (255, 0, 0)).count()
        };
        assert_eq!(red(""), 0);
        assert!(red("σ_w² = 10⁻³") > 100);
    }

    #[test]
    fn what_is_no_drawing_is_refused() {
        let Ok(painter) = Painter::new() else { return };
        assert!(painter.png("<svg").is_err());
    }
}
