//! The contrast of an accent colour: every hue is shown at one lightness and chroma, and checked against white.

/// Lightness and chroma (OKLCH) of an organisation's accent colour on light pages.
pub const ACCENT: (f64, f64) = (0.42, 0.09);

/// The contrast of white text on the accent colour of a hue in degrees (WCAG 2.2 §1.4.3: at least 4.5 is needed).
pub fn accent_contrast(hue: u16) -> f64 {
    1.05 / (luminance(ACCENT.0, ACCENT.1, f64::from(hue)) + 0.05)
}

/// The accent colour of a hue for pictures: red, green and blue of 255. Without a hue the usual green.
pub fn accent_rgb(hue: Option<u16>) -> [u8; 3] {
    let Some(hue) = hue else { return [0x0b, 0x5b, 0x4a] };
    linear(ACCENT.0, ACCENT.1, f64::from(hue)).map(|channel| {
        let channel = channel.clamp(0.0, 1.0);
        let shown = if channel <= 0.003_130_8 { 12.92 * channel } else { 1.055 * channel.powf(1.0 / 2.4) - 0.055 };
        // At most 255, as it was held between 0 and 1.
        (shown * 255.0).round() as u8
    })
}

/// Relative luminance of an OKLCH colour.
fn luminance(lightness: f64, chroma: f64, hue: f64) -> f64 {
    let [red, green, blue] = linear(lightness, chroma, hue);
    0.2126 * red.clamp(0.0, 1.0) + 0.7152 * green.clamp(0.0, 1.0) + 0.0722 * blue.clamp(0.0, 1.0)
}

/// Linear red, green and blue of an OKLCH colour. The matrices are those of CSS Color 4 §10.
fn linear(lightness: f64, chroma: f64, hue: f64) -> [f64; 3] {
    let (a, b) = (chroma * hue.to_radians().cos(), chroma * hue.to_radians().sin());
    let l = (lightness + 0.396_337_777_4 * a + 0.215_803_757_3 * b).powi(3);
    let m = (lightness - 0.105_561_345_8 * a - 0.063_854_172_8 * b).powi(3);
    let s = (lightness - 0.089_484_177_5 * a - 1.291_485_548_0 * b).powi(3);
    let red = 4.076_741_662_1 * l - 3.307_711_591_3 * m + 0.230_969_929_2 * s;
    let green = -1.268_438_004_6 * l + 2.609_757_401_1 * m - 0.341_319_396_5 * s;
    let blue = -0.004_196_086_3 * l - 0.703_418_614_7 * m + 1.707_614_701_0 * s;
    [red, green, blue]
}
