//! Pictures made ready to show: bounded, upright, without metadata. All of this takes processor time: call it from a
//! blocking thread.

use std::io::Cursor;

use image::codecs::jpeg::JpegEncoder;
use image::codecs::png::{CompressionType, FilterType as PngFilter, PngEncoder};
use image::imageops::FilterType;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Rgba, RgbaImage};

use super::gif;
use crate::base::{Error, Result};

/// Pixels of the height of a little picture among words.
const EMOJI: u32 = 72;
/// Pixels of a side of an avatar.
const AVATAR: u32 = 400;
/// Quality of JPEG, of 100.
const QUALITY: u8 = 85;

/// How large pictures may be and become.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Most pixels of a picture that is decoded.
    pub max_pixels: u64,
    /// Longest side of what is shown large.
    pub main_side: u32,
    /// Longest side of what is shown in a list.
    pub thumb_side: u32,
    /// Largest animation that is passed through, in bytes; of larger ones the first frame is kept.
    pub max_animation_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_pixels: 40_000_000, main_side: 2048, thumb_side: 640, max_animation_bytes: 10_000_000 }
    }
}

/// A picture as a file.
#[derive(Clone, Debug)]
pub struct Encoded {
    /// The file.
    pub bytes: Vec<u8>,
    /// Its media type.
    pub mime: &'static str,
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
}

/// A picture ready to keep.
#[derive(Clone, Debug)]
pub struct Prepared {
    /// To show large.
    pub main: Encoded,
    /// To show in a list.
    pub thumb: Encoded,
    /// What to show while it loads (<https://blurha.sh>).
    pub blurhash: String,
    /// Whether something shines through.
    pub alpha: bool,
}

/// Makes a JPEG, PNG, GIF or WebP ready: upright, no larger than `limits` say, without any metadata. Photographs become
/// JPEG; pictures one can see through, and drawings that PNG holds well, PNG; animated GIFs stay as they are, without
/// comments. `Invalid` for what cannot be decoded or has too many pixels.
pub fn prepare(bytes: &[u8], limits: &Limits) -> Result<Prepared> {
    let (image, format) = decode(bytes, limits)?;
    let alpha = shines_through(&image);
    let animation = match format {
        ImageFormat::Gif if bytes.len() <= limits.max_animation_bytes => animation(bytes, limits),
        _ => None,
    };
    let shown = within(&image, limits.main_side);
    let main = match animation {
        Some(bytes) => Encoded { bytes, mime: "image/gif", width: image.width(), height: image.height() },
        None if alpha => png(&shown)?,
        None if matches!(format, ImageFormat::Png | ImageFormat::Gif) => smaller(png(&shown)?, jpeg(&shown)?),
        None => jpeg(&shown)?,
    };
    let thumb = within(&shown, limits.thumb_side);
    let blurhash = blurhash(&thumb)?;
    let thumb = if alpha { png(&thumb)? } else { jpeg(&thumb)? };
    Ok(Prepared { main, thumb, blurhash, alpha })
}

/// The middle of a picture as a square of 400 pixels.
pub fn avatar(bytes: &[u8]) -> Result<Encoded> {
    let (image, _) = decode(bytes, &Limits::default())?;
    // A small picture is not blown up: browsers do that better.
    let side = AVATAR.min(image.width()).min(image.height());
    let square = image.resize_to_fill(side, side, FilterType::CatmullRom);
    if shines_through(&square) { png(&square) } else { jpeg(&square) }
}

/// A little picture among words, at most as high as sharp screens need; it does not move.
pub fn emoji(bytes: &[u8]) -> Result<Encoded> {
    let (image, _) = decode(bytes, &Limits::default())?;
    let small = if image.height() > EMOJI { image.resize(4 * EMOJI, EMOJI, FilterType::CatmullRom) } else { image };
    png(&small)
}

fn unreadable<E>(_: E) -> Error {
    Error::invalid("file", "error-file-broken")
}

/// Decodes within limits, looking at the size before anything is decoded, and turns the picture upright.
fn decode(bytes: &[u8], limits: &Limits) -> Result<(DynamicImage, ImageFormat)> {
    let format = image::guess_format(bytes).map_err(unreadable)?;
    let mut decoder = ImageReader::with_format(Cursor::new(bytes), format).into_decoder().map_err(unreadable)?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > limits.max_pixels {
        return Err(Error::invalid("file", "error-file-pixels"));
    }
    let orientation = decoder.orientation().map_err(unreadable)?;
    let mut image = DynamicImage::from_decoder(decoder).map_err(unreadable)?;
    image.apply_orientation(orientation);
    Ok((image, format))
}

/// The bytes of an animation to pass through; `None` if it does not move or would be too much for a browser.
fn animation(bytes: &[u8], limits: &Limits) -> Option<Vec<u8>> {
    let gif = gif::read(bytes)?;
    let size = |at: usize| bytes.get(at..at + 2).map_or(0, |b| u64::from(b[0]) | u64::from(b[1]) << 8);
    let pixels = size(6) * size(8) * gif.frames as u64;
    (gif.frames > 1 && pixels <= limits.max_pixels * 20).then_some(gif.bytes)
}

/// The picture with no side longer than `side`.
fn within(image: &DynamicImage, side: u32) -> DynamicImage {
    if image.width().max(image.height()) <= side {
        return image.clone();
    }
    // Far too large: first a cheap step down, so that the good filter has less to do.
    if image.width().max(image.height()) > side.saturating_mul(3) {
        return image.thumbnail(side * 2, side * 2).resize(side, side, FilterType::CatmullRom);
    }
    image.resize(side, side, FilterType::CatmullRom)
}

fn shines_through(image: &DynamicImage) -> bool {
    match image {
        DynamicImage::ImageRgba8(pixels) => pixels.pixels().any(|pixel| pixel.0[3] < 255),
        DynamicImage::ImageLumaA8(pixels) => pixels.pixels().any(|pixel| pixel.0[1] < 255),
        image if image.color().has_alpha() => image.to_rgba8().pixels().any(|pixel| pixel.0[3] < 255),
        _ => false,
    }
}

fn jpeg(image: &DynamicImage) -> Result<Encoded> {
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, QUALITY).encode_image(&image.to_rgb8()).map_err(Error::internal)?;
    Ok(Encoded { bytes, mime: "image/jpeg", width: image.width(), height: image.height() })
}

fn png(image: &DynamicImage) -> Result<Encoded> {
    let mut bytes = Vec::new();
    let encoder = PngEncoder::new_with_quality(&mut bytes, CompressionType::Default, PngFilter::Adaptive);
    let encoded = match shines_through(image) {
        true => image.to_rgba8().write_with_encoder(encoder),
        false => image.to_rgb8().write_with_encoder(encoder),
    };
    encoded.map_err(Error::internal)?;
    Ok(Encoded { bytes, mime: "image/png", width: image.width(), height: image.height() })
}

/// PNG keeps letters and lines sharp, so it may be half as large again.
fn smaller(png: Encoded, jpeg: Encoded) -> Encoded {
    if png.bytes.len() <= jpeg.bytes.len() * 3 / 2 { png } else { jpeg }
}

fn blurhash(image: &DynamicImage) -> Result<String> {
    let small = image.thumbnail(32, 32).to_rgba8();
    let (width, height) = small.dimensions();
    let (across, down) = if width >= height { (4, 3) } else { (3, 4) };
    blurhash::encode(across, down, width, height, on_white(small).as_raw()).map_err(Error::internal)
}

fn on_white(mut image: RgbaImage) -> RgbaImage {
    for Rgba([red, green, blue, alpha]) in image.pixels_mut() {
        for channel in [red, green, blue] {
            let mixed = (u32::from(*channel) * u32::from(*alpha) + 255 * (255 - u32::from(*alpha))) / 255;
            *channel = u8::try_from(mixed).unwrap_or(u8::MAX);
        }
        *alpha = 255;
    }
    image
}
