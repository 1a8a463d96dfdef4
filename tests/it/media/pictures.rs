use image::codecs::gif::GifEncoder;
use image::{Delay, DynamicImage, Frame, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};
use kring::base::Error;
use kring::media::images::{Limits, avatar, prepare};

fn encode(image: impl Into<DynamicImage>, format: ImageFormat) -> Vec<u8> {
    let mut out = std::io::Cursor::new(Vec::new());
    image.into().write_to(&mut out, format).unwrap();
    out.into_inner()
}

/// Noise over a gradient: like a photograph, nothing PNG holds well.
fn photo(width: u32, height: u32) -> RgbImage {
    let mut state = 1_u32;
    RgbImage::from_fn(width, height, |x, y| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let noise = (state >> 27) as u8;
        Rgb([(x * 200 / width) as u8 + noise, (y * 200 / height) as u8 + noise, 90 + noise])
    })
}

fn read(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// A JPEG whose EXIF says it must be turned a quarter clockwise, and where it was taken.
fn turned_jpeg(image: RgbImage) -> Vec<u8> {
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    exif.extend_from_slice(b"GPS 52.09N 5.12E");
    let jpeg = encode(image, ImageFormat::Jpeg);
    let mut out = b"\xff\xd8\xff\xe1".to_vec();
    out.extend_from_slice(&((exif.len() + 2) as u16).to_be_bytes());
    out.extend_from_slice(&exif);
    out.extend_from_slice(&jpeg[2..]);
    out
}

#[test]
fn photographs_become_upright_jpeg_without_metadata() {
    let mut image = photo(90, 60);
    for x in 0..90 {
        for y in 0..10 {
            image.put_pixel(x, y, Rgb([255, 0, 0]));
        }
    }
    let bytes = turned_jpeg(image);
    assert!(has(&bytes, b"GPS"));
    let prepared = prepare(&bytes, &Limits::default()).unwrap();
    assert_eq!((prepared.main.mime, prepared.main.width, prepared.main.height), ("image/jpeg", 60, 90));
    assert_eq!((prepared.thumb.mime, prepared.thumb.width, prepared.thumb.height), ("image/jpeg", 60, 90));
    assert!(!prepared.alpha);
    let main = read(&prepared.main.bytes).to_rgb8();
    let Rgb([red, green, _]) = *main.get_pixel(57, 45);
    assert!(red > 200 && green < 60, "the top of the file is at the right: {red} {green}");
    for part in [&b"Exif"[..], b"GPS"] {
        assert!(!has(&prepared.main.bytes, part) && !has(&prepared.thumb.bytes, part));
    }
    assert!(blurhash::decode(&prepared.blurhash, 8, 8, 1.0).is_ok(), "{}", prepared.blurhash);
}

#[test]
fn large_pictures_are_made_smaller() {
    let limits = Limits { main_side: 300, thumb_side: 90, ..Limits::default() };
    for (width, height, main, thumb) in [(400, 200, (300, 150), (90, 45)), (200, 1200, (50, 300), (15, 90))] {
        for format in [ImageFormat::Jpeg, ImageFormat::WebP, ImageFormat::Png] {
            let prepared = prepare(&encode(photo(width, height), format), &limits).unwrap();
            assert_eq!((prepared.main.width, prepared.main.height), main);
            assert_eq!((prepared.thumb.width, prepared.thumb.height), thumb);
            assert_eq!(prepared.main.mime, "image/jpeg", "{format:?}");
            let shown = read(&prepared.main.bytes);
            assert_eq!((shown.width(), shown.height()), main);
        }
    }
    let line = prepare(&encode(RgbImage::new(5000, 1), ImageFormat::Png), &limits).unwrap();
    assert_eq!((line.main.width, line.main.height), (300, 1));
}

#[test]
fn transparency_and_drawings_stay_png() {
    let clear = RgbaImage::from_fn(64, 64, |x, _| Rgba([10, 200, 30, if x < 32 { 0 } else { 255 }]));
    for format in [ImageFormat::Png, ImageFormat::WebP] {
        let prepared = prepare(&encode(clear.clone(), format), &Limits::default()).unwrap();
        assert_eq!((prepared.main.mime, prepared.thumb.mime, prepared.alpha), ("image/png", "image/png", true));
        assert_eq!(read(&prepared.main.bytes).to_rgba8().get_pixel(3, 3).0[3], 0);
    }
    let drawing =
        RgbImage::from_fn(200, 200, |x, y| if (x / 20 + y / 20) % 2 == 0 { Rgb([0; 3]) } else { Rgb([255; 3]) });
    let prepared = prepare(&encode(drawing, ImageFormat::Png), &Limits::default()).unwrap();
    assert_eq!((prepared.main.mime, prepared.thumb.mime, prepared.alpha), ("image/png", "image/jpeg", false));
    let opaque = RgbaImage::from_pixel(40, 40, Rgba([1, 2, 3, 255]));
    assert!(!prepare(&encode(opaque, ImageFormat::Png), &Limits::default()).unwrap().alpha);
}

fn gif(frames: u32) -> Vec<u8> {
    let mut out = Vec::new();
    {
        let mut encoder = GifEncoder::new(&mut out);
        for n in 0..frames {
            let image = RgbaImage::from_pixel(30, 20, Rgba([(n * 80) as u8, 100, 200, 255]));
            encoder.encode_frame(Frame::from_parts(image, 0, 0, Delay::from_numer_denom_ms(100, 1))).unwrap();
        }
    }
    // A comment, and the note of a program, in front of the end.
    assert_eq!(out.pop(), Some(0x3b));
    out.extend_from_slice(b"\x21\xfe\x06Zeist!\0\x21\xff\x0bXMP DataXMP\x03abc\0\x3b");
    out
}

#[test]
fn animations_pass_through_without_comments() {
    let bytes = gif(3);
    let prepared = prepare(&bytes, &Limits::default()).unwrap();
    assert_eq!((prepared.main.mime, prepared.main.width, prepared.main.height), ("image/gif", 30, 20));
    assert!(!has(&prepared.main.bytes, b"Zeist") && !has(&prepared.main.bytes, b"XMP"));
    assert_eq!(prepared.main.bytes.len(), bytes.len() - 10 - 19);
    let decoder = image::codecs::gif::GifDecoder::new(std::io::Cursor::new(&prepared.main.bytes)).unwrap();
    assert_eq!(image::AnimationDecoder::into_frames(decoder).collect_frames().unwrap().len(), 3);
    assert_eq!(prepared.thumb.mime, "image/jpeg");
    // What does not move, is too large or is cut off becomes one picture.
    let small = Limits { max_animation_bytes: 100, ..Limits::default() };
    assert_eq!(prepare(&gif(1), &Limits::default()).unwrap().main.mime, "image/png");
    assert_eq!(prepare(&bytes, &small).unwrap().main.mime, "image/png");
    assert_eq!(prepare(&bytes[..bytes.len() - 1], &Limits::default()).unwrap().main.mime, "image/png");
}

#[test]
fn bombs_and_broken_files_are_refused() {
    let code = |bytes: &[u8]| match prepare(bytes, &Limits::default()) {
        Err(Error::Invalid { fields }) => fields[0].code,
        other => panic!("{other:?}"),
    };
    // A PNG that claims 60,000 × 60,000 pixels.
    let mut bomb = encode(RgbImage::new(8, 8), ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    assert_eq!(code(&bomb), "error-file-pixels");
    let mut gif = gif(2);
    gif[6..10].copy_from_slice(&[0xff; 4]);
    assert_eq!(code(&gif), "error-file-pixels");
    assert_eq!(code(b""), "error-file-broken");
    assert_eq!(code(b"BM\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), "error-file-broken");
    let jpeg = encode(photo(40, 40), ImageFormat::Jpeg);
    assert_eq!(code(&jpeg[..60]), "error-file-broken");
}

#[test]
fn mutated_files_never_panic() {
    let limits = Limits { max_pixels: 10_000, ..Limits::default() };
    let formats = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
    let mut seeds: Vec<_> = formats.into_iter().map(|format| encode(photo(16, 16), format)).collect();
    seeds.push(gif(2));
    let mut state = 7_u64;
    for round in 0..600 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let at = (state >> 33) as usize % bytes.len();
            bytes[at] = (state >> 24) as u8;
        }
        drop(prepare(&bytes, &limits));
    }
}

/// CRC-32 of PNG chunks.
fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 })
    };
    !bytes.iter().fold(!0, step)
}

#[test]
fn avatars_are_square() {
    let wide =
        RgbImage::from_fn(900, 450, |x, _| if !(225..675).contains(&x) { Rgb([255, 0, 0]) } else { Rgb([0, 0, 255]) });
    let made = avatar(&encode(wide, ImageFormat::Png)).unwrap();
    assert_eq!((made.mime, made.width, made.height), ("image/jpeg", 400, 400));
    let shown = read(&made.bytes).to_rgb8();
    for (x, y) in [(5, 5), (200, 200), (394, 394)] {
        assert!(shown.get_pixel(x, y).0[2] > 200, "only the middle is kept");
    }
    let clear = RgbaImage::from_pixel(500, 600, Rgba([0, 0, 0, 100]));
    assert_eq!(avatar(&encode(clear, ImageFormat::Png)).unwrap().mime, "image/png");
    let small = avatar(&encode(photo(60, 50), ImageFormat::Jpeg)).unwrap();
    assert_eq!((small.width, small.height), (50, 50));
}
