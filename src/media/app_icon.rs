//! The icon of the installed app: the organisation's logo on white, or a ring in its colour. Phones want PNG.

use std::io::Cursor;

use image::imageops::{FilterType, overlay};
use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use crate::base::{Error, Result};

/// Samples across and down in one pixel of the ring.
const FINE: u32 = 3;

/// An icon as PNG, `side` pixels square. `full` fills the square to its corners: the system cuts its own shape, within
/// four fifths of it everything is kept.
pub fn app_icon(logo: Option<&[u8]>, colour: [u8; 3], side: u32, full: bool) -> Result<Vec<u8>> {
    let drawn = match logo.and_then(|bytes| image::load_from_memory(bytes).ok()) {
        Some(logo) => of_logo(&logo, side, full),
        None => ring(colour, side, full),
    };
    let mut bytes = Cursor::new(Vec::new());
    drawn.write_to(&mut bytes, ImageFormat::Png).map_err(Error::internal)?;
    Ok(bytes.into_inner())
}

/// The logo in the middle of a white square.
fn of_logo(logo: &DynamicImage, side: u32, full: bool) -> RgbaImage {
    let mut out = RgbaImage::from_pixel(side, side, Rgba([255, 255, 255, 255]));
    let room = if full { side * 6 / 10 } else { side * 8 / 10 };
    let small = logo.resize(room, room, FilterType::CatmullRom).to_rgba8();
    let (left, top) = ((side - small.width()) / 2, (side - small.height()) / 2);
    overlay(&mut out, &small, i64::from(left), i64::from(top));
    out
}

/// The ring of Kring: as the SVG of `/icon.svg`, on a grid of 64.
fn ring(colour: [u8; 3], side: u32, full: bool) -> RgbaImage {
    let step = 64.0 / f64::from(side * FINE);
    let mut out = RgbaImage::new(side, side);
    for (x, y, pixel) in out.enumerate_pixels_mut() {
        let mut sum = [0_u32; 4];
        for fine in 0..FINE * FINE {
            let at = |whole: u32, part: u32| (f64::from(whole * FINE + part) + 0.5) * step;
            let Some(ink) = ink(at(x, fine % FINE), at(y, fine / FINE), colour, full) else { continue };
            for (total, channel) in sum.iter_mut().zip([ink[0], ink[1], ink[2], 255]) {
                *total += u32::from(channel);
            }
        }
        let hits = (sum[3] / 255).max(1);
        let channel = |total: u32, by: u32| u8::try_from(total / by).unwrap_or(u8::MAX);
        *pixel =
            Rgba([channel(sum[0], hits), channel(sum[1], hits), channel(sum[2], hits), channel(sum[3], FINE * FINE)]);
    }
    out
}

/// The colour at a point; `None` outside the rounded square.
fn ink(x: f64, y: f64, colour: [u8; 3], full: bool) -> Option<[u8; 3]> {
    let within = |cx: f64, cy: f64, radius: f64| (x - cx).hypot(y - cy) <= radius;
    let (left, top) = (x.clamp(14.0, 50.0), y.clamp(14.0, 50.0));
    if !full && !within(left, top, 14.0) {
        return None;
    }
    if within(49.0, 22.0, 5.0) {
        return Some([0xff, 0xd8, 0x73]);
    }
    let away = (x - 32.0).hypot(y - 32.0);
    let turned = (y - 32.0).atan2(x - 32.0).to_degrees();
    let arc = (16.0..=24.0).contains(&away) && !(-45.0..0.0).contains(&turned);
    if arc || within(46.0, 18.0, 4.0) || within(51.5, 32.0, 4.0) {
        return Some([255, 255, 255]);
    }
    Some(colour)
}
