//! The files people bring: every NIfTI flavour is read, hostile ones are refused with a sentence, and what is written comes back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use deepseg::volume::{
    Affine, AffineSource, Datatype, Grid, Volume, VolumeError, read_header, read_image, read_mask,
    write_image, write_mask,
};
use flate2::{Compression, write::GzEncoder};
use ndarray::{Array3, ShapeBuilder};
use proptest::prelude::*;

/// A NIfTI file put together byte by byte, so that the reader is not tested against the writer alone.
#[derive(Clone, Debug)]
struct Nifti {
    version: u8,
    big: bool,
    code: i16,
    dim: Vec<i64>,
    slope: f64,
    inter: f64,
    offset: f64,
    pair: bool,
    qform_code: i16,
    sform_code: i16,
    pixdim: [f64; 4],
    quaternion: [f64; 3],
    srow: [[f64; 4]; 3],
    voxels: Vec<u8>,
}

impl Nifti {
    fn new(code: i16, dim: &[i64], voxels: Vec<u8>) -> Self {
        Nifti {
            version: 1,
            big: false,
            code,
            dim: dim.to_vec(),
            slope: 0.0,
            inter: 0.0,
            offset: 0.0,
            pair: false,
            qform_code: 0,
            sform_code: 1,
            pixdim: [0.0, 2.0, 3.0, 4.0],
            quaternion: [0.0; 3],
            srow: [[0.5, 0.0, 0.0, -7.0], [0.0, 0.75, 0.0, 8.0], [0.0, 0.0, 3.0, 9.0]],
            voxels,
        }
    }

    /// The voxels of an i16 image in the file's byte order.
    fn of_i16(values: &[i16], dim: &[i64]) -> Self {
        Self::new(4, dim, values.iter().flat_map(|v| v.to_le_bytes()).collect())
    }

    fn put(&self, head: &mut [u8], offset: usize, mut bytes: Vec<u8>) {
        if self.big {
            bytes.reverse();
        }
        head[offset..offset + bytes.len()].copy_from_slice(&bytes);
    }

    fn head(&self) -> Vec<u8> {
        let mut lengths = vec![self.dim.len() as i64];
        lengths.extend(&self.dim);
        lengths.resize(8, 1);
        let first = self.version == 1;
        let mut head = vec![0; if first { 352 } else { 544 }];
        let size = if first { 348i32 } else { 540 };
        self.put(&mut head, 0, size.to_le_bytes().to_vec());
        let real = |x: f64| if first { (x as f32).to_le_bytes().to_vec() } else { x.to_le_bytes().to_vec() };
        let width = if first { 4 } else { 8 };
        let offset = if self.offset == 0.0 && !self.pair { head.len() as f64 } else { self.offset };
        let codes = if first { [70, 252, 254] } else { [12, 344, 348] };
        for (i, n) in lengths.iter().enumerate() {
            if first {
                self.put(&mut head, 40 + 2 * i, (*n as i16).to_le_bytes().to_vec());
            } else {
                self.put(&mut head, 16 + 8 * i, n.to_le_bytes().to_vec());
            }
        }
        self.put(&mut head, codes[0], self.code.to_le_bytes().to_vec());
        for (code, at) in [(self.qform_code, codes[1]), (self.sform_code, codes[2])] {
            let bytes =
                if first { code.to_le_bytes().to_vec() } else { i32::from(code).to_le_bytes().to_vec() };
            self.put(&mut head, at, bytes);
        }
        let fields = if first { [76, 108, 112, 116, 256, 280] } else { [104, 168, 176, 184, 352, 400] };
        self.pixdim
            .iter()
            .enumerate()
            .for_each(|(i, p)| self.put(&mut head, fields[0] + width * i, real(*p)));
        let vox_offset = if first { real(offset) } else { (offset as i64).to_le_bytes().to_vec() };
        self.put(&mut head, fields[1], vox_offset);
        self.put(&mut head, fields[2], real(self.slope));
        self.put(&mut head, fields[3], real(self.inter));
        self.quaternion
            .iter()
            .enumerate()
            .for_each(|(i, q)| self.put(&mut head, fields[4] + width * i, real(*q)));
        for (i, x) in self.srow.iter().flatten().enumerate() {
            self.put(&mut head, fields[5] + width * i, real(*x));
        }
        let magic: &[u8; 4] = match (first, self.pair) {
            (true, false) => b"n+1\0",
            (true, true) => b"ni1\0",
            (false, false) => b"n+2\0",
            (false, true) => b"ni2\0",
        };
        let at = if first { 344 } else { 4 };
        head[at..at + 4].copy_from_slice(magic);
        head
    }

    fn body(&self, voxel_bytes: usize) -> Vec<u8> {
        let mut body = self.voxels.clone();
        if self.big {
            body.chunks_mut(voxel_bytes).for_each(<[u8]>::reverse);
        }
        body
    }

    fn whole(&self, voxel_bytes: usize) -> Vec<u8> {
        [self.head(), self.body(voxel_bytes)].concat()
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn saved(dir: &Path, name: &str, bytes: &[u8]) -> PathBuf {
    let path = dir.join(name);
    fs::write(&path, bytes).unwrap();
    path
}

fn values(volume: &Volume<f32>) -> Vec<f32> {
    volume.data.t().iter().copied().collect()
}

/// Code, bytes per voxel, and the bytes of the values 0, 1, 2 (and one that only this type can hold) little-endian.
fn types() -> Vec<(i16, usize, Vec<u8>, f32)> {
    macro_rules! of {
        ($code:expr, $type:ty, $last:expr) => {{
            let last: $type = $last;
            let values = [0 as $type, 1 as $type, 2 as $type, last];
            ($code, size_of::<$type>(), values.iter().flat_map(|v| v.to_le_bytes()).collect(), last as f32)
        }};
    }
    vec![
        of!(2, u8, 200),
        of!(256, i8, -100),
        of!(4, i16, -30000),
        of!(512, u16, 60000),
        of!(8, i32, -2_000_000_000),
        of!(768, u32, 4_000_000_000),
        of!(1024, i64, -5_000_000_000_000),
        of!(1280, u64, 18_000_000_000_000_000_000),
        of!(16, f32, -0.25),
        of!(64, f64, 1e30),
    ]
}

#[test]
fn every_type_byte_order_and_version_is_read() {
    let dir = tempfile::tempdir().unwrap();
    for (code, bytes, voxels, last) in types() {
        for (version, big, gz) in [(1, false, false), (1, true, true), (2, false, true), (2, true, false)] {
            let file = Nifti { version, big, ..Nifti::new(code, &[2, 2, 1], voxels.clone()) };
            let content = if gz { gzip(&file.whole(bytes)) } else { file.whole(bytes) };
            let path = saved(dir.path(), "image.nii", &content);
            let volume = read_image(&path).unwrap();
            assert_eq!(values(&volume), [0.0, 1.0, 2.0, last], "code {code}, version {version}, big {big}");
            assert_eq!(volume.grid.affine.0, file.srow);
            assert_eq!(volume.data[[1, 0, 0]], 1.0, "axis 0 is fastest");
            assert_eq!(read_mask(&path).unwrap().data.t().iter().sum::<u8>(), 2 + u8::from(last > 0.0));
        }
    }
}

#[test]
fn values_are_scaled_before_they_are_cast() {
    let dir = tempfile::tempdir().unwrap();
    let mut file = Nifti { slope: 0.5, inter: -20.0, ..Nifti::of_i16(&[40, 41, -2, 7], &[2, 2]) };
    let read = |file: &Nifti| read_image(&saved(dir.path(), "a.nii", &file.whole(2))).unwrap();
    assert_eq!(values(&read(&file)), [0.0, 0.5, -21.0, -16.5]);
    let mask = read_mask(&dir.path().join("a.nii")).unwrap();
    assert_eq!(mask.data.t().iter().copied().collect::<Vec<_>>(), [0, 1, 0, 0], "0.5 is above 0");
    for none in [0.0, f64::NAN, f64::INFINITY] {
        file.slope = none;
        assert_eq!(values(&read(&file)), [40.0, 41.0, -2.0, 7.0], "slope {none} means no scaling");
    }
}

#[test]
fn several_gzip_members_are_one_file() {
    let dir = tempfile::tempdir().unwrap();
    let whole = Nifti::of_i16(&[1, 2, 3, 4], &[2, 2, 1]).whole(2);
    let parts: Vec<u8> = whole.chunks(100).flat_map(gzip).collect();
    assert_eq!(values(&read_image(&saved(dir.path(), "a.nii.gz", &parts)).unwrap()), [1.0, 2.0, 3.0, 4.0]);
}

#[test]
fn pairs_are_read_by_either_half_compressed_or_not() {
    let dir = tempfile::tempdir().unwrap();
    for (version, gz) in [(1, false), (2, true)] {
        let file = Nifti { pair: true, version, ..Nifti::of_i16(&[5, 6], &[2, 1, 1]) };
        let end = if gz { ".gz" } else { "" };
        let pack = |bytes: Vec<u8>| if gz { gzip(&bytes) } else { bytes };
        let header = saved(dir.path(), &format!("v{version}.hdr{end}"), &pack(file.head()));
        let missing = read_image(&header).unwrap_err().to_string();
        assert!(missing.contains(".img"), "{missing}");
        let voxels = saved(dir.path(), &format!("v{version}.img{end}"), &pack(file.body(2)));
        for half in [header, voxels] {
            assert_eq!(values(&read_image(&half).unwrap()), [5.0, 6.0]);
        }
    }
}

#[test]
fn extensions_are_stepped_over() {
    let dir = tempfile::tempdir().unwrap();
    let file = Nifti { offset: 416.0, ..Nifti::of_i16(&[3, 4], &[2, 1, 1]) };
    let content = [file.head(), vec![77; 64], file.body(2)].concat();
    assert_eq!(values(&read_image(&saved(dir.path(), "a.nii", &content)).unwrap()), [3.0, 4.0]);
}

#[test]
fn the_best_affine_is_sform_then_qform_then_voxel_sizes() {
    let dir = tempfile::tempdir().unwrap();
    let read = |file: &Nifti| read_header(&saved(dir.path(), "a.nii", &file.whole(2))).unwrap();
    let both = Nifti { qform_code: 1, ..Nifti::of_i16(&[0; 60], &[3, 4, 5]) };
    let header = read(&both);
    assert_eq!((header.source, header.grid.affine), (AffineSource::Sform, Affine(both.srow)));
    // pixdim[0] is 0: the standard reads a qfac of 1.
    assert_eq!(header.qform.unwrap().0, [[2.0, 0.0, 0.0, 0.0], [0.0, 3.0, 0.0, 0.0], [0.0, 0.0, 4.0, 0.0]]);
    let mirrored =
        Nifti { sform_code: 0, pixdim: [-1.0, 2.0, 3.0, 4.0], quaternion: [0.0, 1.0, 0.0], ..both.clone() };
    let header = read(&mirrored);
    assert_eq!((header.source, header.sform), (AffineSource::Qform, None));
    assert_eq!(header.grid.affine.column(2), [0.0, 0.0, 4.0], "half a turn about y and a mirrored axis 2");
    assert_eq!(header.grid.affine.column(0), [-2.0, 0.0, 0.0]);
    let neither = Nifti { sform_code: 0, qform_code: 0, ..both.clone() };
    let header = read(&neither);
    assert_eq!((header.source, header.grid.orientation().to_string()), (AffineSource::Pixdim, "RPI".into()));
    assert_eq!(header.grid.world([1.0, 1.5, 2.0]), [0.0; 3], "the centre of the volume is the origin");
    let flat = Nifti { srow: [[0.0; 4]; 3], ..both };
    assert_eq!(read(&flat).source, AffineSource::Qform, "a degenerate sform places nothing");
}

#[test]
fn one_time_point_is_3d_and_more_are_refused_by_name() {
    let dir = tempfile::tempdir().unwrap();
    let one = saved(dir.path(), "one.nii", &Nifti::of_i16(&[1, 2], &[2, 1, 1, 1, 1]).whole(2));
    assert_eq!(read_image(&one).unwrap().grid.shape, [2, 1, 1]);
    let two = saved(dir.path(), "two.nii", &Nifti::of_i16(&[1, 2, 3, 4], &[2, 1, 1, 2]).whole(2));
    assert_eq!(read_header(&two).unwrap().shape4, [2, 1, 1, 2]);
    let refused = read_image(&two).unwrap_err().to_string();
    assert!(refused.contains("two.nii holds 2 volumes") && refused.contains("fslroi"), "{refused}");
}

#[test]
fn the_header_is_read_without_the_voxels() {
    let dir = tempfile::tempdir().unwrap();
    let file = Nifti::of_i16(&vec![0; 40 * 40 * 40], &[40, 40, 40]);
    let cut = &gzip(&file.whole(2))[..400];
    let header = read_header(&saved(dir.path(), "cut.nii.gz", cut)).unwrap();
    assert_eq!((header.grid.shape, header.datatype), ([40, 40, 40], Datatype::I16));
    assert!(matches!(read_image(&dir.path().join("cut.nii.gz")), Err(VolumeError::Damaged { .. })));
}

/// Each hostile file with a word its refusal must contain.
fn hostile() -> Vec<(&'static str, Vec<u8>, &'static str)> {
    let good = Nifti::of_i16(&[1, 2, 3, 4], &[2, 2, 1]);
    let huge = [30000, 30000, 30000];
    let nifti2 = |dim: &[i64]| Nifti { version: 2, ..Nifti::of_i16(&[1], dim) }.whole(2);
    let mut analyze = good.whole(2);
    analyze[344..348].fill(0);
    let mut crc = gzip(&good.whole(2));
    let last = crc.len() - 8;
    crc[last] ^= 1;
    vec![
        ("empty.nii", vec![], "not a NIfTI"),
        ("text.nii", b"subject,age\n1,30\n".repeat(40), "not a NIfTI"),
        ("short.nii", good.whole(2)[..200].to_vec(), "not a NIfTI"),
        ("analyze.hdr", analyze, "ANALYZE"),
        ("cut.nii", good.whole(2)[..355].to_vec(), "cut short"),
        ("cut.nii.gz", gzip(&good.whole(2)[..355]), "cut short"),
        ("crc.nii.gz", crc, "damaged"),
        ("huge.nii", Nifti::of_i16(&[1], &huge).whole(2), "cut short"),
        ("huge.nii.gz", gzip(&Nifti::of_i16(&[1], &huge).whole(2)), "cut short"),
        ("overflow.nii", nifti2(&[i64::MAX, 2, 2]), "counted"),
        ("overflow4.nii", nifti2(&[1 << 20, 1 << 20, 1 << 20, 1 << 20]), "counted"),
        ("negative.nii", Nifti::of_i16(&[1], &[2, -2, 1]).whole(2), "length -2"),
        ("negative2.nii", nifti2(&[2, -9, 1]), "length -9"),
        ("zero.nii", Nifti::of_i16(&[1], &[2, 0, 1]).whole(2), "length 0"),
        ("offset.nii", Nifti { offset: 1e9, ..good.clone() }.whole(2), "cut short"),
        ("inside.nii", Nifti { offset: 100.0, ..good.clone() }.whole(2), "byte 100"),
        ("nan.nii", Nifti { offset: f64::NAN, ..good.clone() }.whole(2), "NaN"),
        ("below.nii", Nifti { offset: -1e9, version: 2, ..good.clone() }.whole(2), "byte -1000000000"),
        (
            "nowhere.nii",
            Nifti { sform_code: 0, pixdim: [1.0, f64::NAN, 1.0, 1.0], ..good.clone() }.whole(2),
            "in space",
        ),
        ("complex.nii", Nifti { code: 32, ..good.clone() }.whole(2), "complex"),
        ("rgb.nii", Nifti { code: 128, ..good.clone() }.whole(2), "RGB"),
        ("wide.nii", Nifti { code: 1536, ..good.clone() }.whole(2), "128-bit"),
        ("what.nii", Nifti { code: 99, ..good }.whole(2), "datatype code 99"),
    ]
}

#[test]
fn hostile_files_are_refused_with_their_name_and_the_reason() {
    let dir = tempfile::tempdir().unwrap();
    for (name, content, word) in hostile() {
        let message = read_image(&saved(dir.path(), name, &content)).unwrap_err().to_string();
        assert!(message.contains(name) && message.contains(word), "{name}: {message}");
        assert!(message.contains("; "), "a next step is missing: {message}");
    }
    let absent = read_image(&dir.path().join("absent.nii.gz")).unwrap_err().to_string();
    assert!(absent.contains("absent.nii.gz"), "{absent}");
}

proptest! {
    #[test]
    fn damaged_headers_never_panic(at in 0usize..540, byte: u8, big: bool, second: bool, gz: bool) {
        let dir = tempfile::tempdir().unwrap();
        let version = if second { 2 } else { 1 };
        let mut content = Nifti { version, big, ..Nifti::of_i16(&[1, 2, 3, 4], &[2, 2, 1]) }.whole(2);
        let at = at.min(content.len() - 1);
        content[at] = byte;
        let content = if gz { gzip(&content) } else { content };
        if let Ok(volume) = read_image(&saved(dir.path(), "a.nii", &content)) {
            prop_assert!(volume.grid.affine.inverse().is_some());
            prop_assert!(volume.data.len() <= 8);
        }
    }

    #[test]
    fn what_is_written_comes_back(
        shape in prop::array::uniform3(1usize..6),
        quaternion in prop::array::uniform3(-0.57..0.57f64),
        spacing in prop::array::uniform3(0.2..5.0f64),
        mirrored: bool,
        gz: bool,
        seed: u32,
    ) {
        let dir = tempfile::tempdir().unwrap();
        let built = Nifti { quaternion, qform_code: 1, sform_code: 0, ..Nifti::new(2, &[1, 1, 1], vec![0]) };
        let pixdim = [if mirrored { -1.0 } else { 1.0 }, spacing[0], spacing[1], spacing[2]];
        let path = saved(dir.path(), "grid.nii", &Nifti { pixdim, ..built }.whole(1));
        let grid = Grid { shape, ..read_header(&path).unwrap().grid };
        let data = Array3::from_shape_fn(shape.f(), |(i, j, k)| ((i * 7 + j * 5 + k * 3) as u32 ^ seed) as f32 / 3.0);
        let image = Volume { grid, data };
        let path = dir.path().join(if gz { "out.nii.gz" } else { "out.nii" });
        write_image(&path, &image).unwrap();
        let back = read_image(&path).unwrap();
        prop_assert_eq!(&back.data, &image.data);
        prop_assert_eq!(back.grid.difference(&grid), None);
        let header = read_header(&path).unwrap();
        let (sform, qform) = (header.sform.unwrap(), header.qform.unwrap());
        let same = Grid { affine: sform, ..grid }.difference(&Grid { affine: qform, ..grid });
        prop_assert_eq!(same, None, "sform and qform must say the same");
    }
}

#[test]
fn masks_are_bytes_and_files_say_who_wrote_them() {
    let dir = tempfile::tempdir().unwrap();
    let grid = Grid { shape: [2, 3, 4], affine: Affine::scaling([0.5, 0.5, 3.0], [1.0, 2.0, 3.0]) };
    let mut mask = Volume::filled(grid, 0u8);
    mask.data[[1, 2, 3]] = 1;
    let path = dir.path().join("sub-01.v2_mask.nii");
    write_mask(&path, &mask).unwrap();
    let bytes = fs::read(&path).unwrap();
    assert_eq!(bytes.len(), 352 + 24);
    assert!(bytes[148..].starts_with(b"deepseg "));
    assert_eq!(read_mask(&path).unwrap(), mask);
    assert_eq!(read_header(&path).unwrap().datatype, Datatype::U8);
    // An independent reader agrees.
    use nifti::{IntoNdArray, NiftiObject, ReaderOptions};
    let object = ReaderOptions::new().read_file(&path).unwrap();
    let theirs = object.into_volume().into_ndarray::<u8>().unwrap();
    assert_eq!(theirs.into_dimensionality::<ndarray::Ix3>().unwrap(), mask.data);
}

#[test]
fn sheared_axes_have_no_qform() {
    let dir = tempfile::tempdir().unwrap();
    let affine = Affine([[1.0, 0.2, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 1.0, 0.0]]);
    let path = dir.path().join("sheared.nii.gz");
    write_image(&path, &Volume::filled(Grid { shape: [2, 2, 2], affine }, 1.0)).unwrap();
    let header = read_header(&path).unwrap();
    assert_eq!((header.qform, header.source), (None, AffineSource::Sform));
    assert!((header.grid.affine.0[0][1] - 0.2).abs() < 1e-7);
}

#[test]
fn names_and_sizes_that_nifti_1_cannot_take_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let grid = |n| Grid { shape: [n, 1, 1], affine: Affine::IDENTITY };
    let wrong =
        write_image(&dir.path().join("a.img"), &Volume::filled(grid(1), 0.0)).unwrap_err().to_string();
    assert!(wrong.contains("a.img") && wrong.contains(".nii.gz"), "{wrong}");
    let long =
        write_image(&dir.path().join("a.nii"), &Volume::filled(grid(40000), 0.0)).unwrap_err().to_string();
    assert!(long.contains("32767"), "{long}");
    assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0, "nothing is left behind");
}
