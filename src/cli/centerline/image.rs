//! `deepseg centerline IMAGE`: one curve from what is given, or from what a method finds.

use std::path::Path;
use std::time::Instant;

use serde::Serialize;

use crate::centerline::{
    CenterlineError, Curve, Fit, Method, Points, Search, Tools, Witness, detect, from_file, from_mask,
    from_points, judged, look,
};
use crate::cli::contrast::contrast_of;
use crate::cli::interrupt;
use crate::cli::output::{self, CommandResult, Failure, Outcome};
use crate::dataset::Contrast;
use crate::volume::{Volume, read_header, read_image, read_mask, write_mask};

use super::answer::{self, Answer};
use super::{Args, described};

impl Args {
    /// Draws the curve and writes it.
    pub(super) fn draw(&self) -> CommandResult {
        let chosen = Method::choice(&self.method).map_err(|e| Failure::usage(e.to_string()))?;
        let Some(csv) = &self.output else {
            return Err(Failure::usage("say where to write the curve: -o OUT.csv"));
        };
        let (curve, cord) = match self.given(chosen)? {
            Some((method, file)) => (self.follow(method, file)?, None),
            None => self.search(chosen)?,
        };
        curve.write_csv(csv)?;
        let stored = read_header(&self.place)?.grid.orientation();
        for (path, mask) in [(&self.voxels, Some(curve.to_voxels())), (&self.cord, cord)] {
            match (path, mask) {
                (Some(path), Some(mask)) => write_mask(path, &mask.reoriented(stored))?,
                (Some(_), None) => output::note("the method draws no cord mask; --cord wrote nothing"),
                _ => {}
            }
        }
        let summary = curve.summary();
        if self.json {
            output::json(&summary)?;
        } else {
            output::line(format_args!("{} ({})", csv.display(), described(&summary)));
        }
        Ok(Outcome::Done)
    }

    /// The given input to follow, if the method is one that follows or nothing else was asked for.
    fn given(&self, chosen: Option<Method>) -> Result<Option<(Method, &Path)>, Failure> {
        let file = |method| match method {
            Method::File => self.centerline.as_deref(),
            Method::Mask => self.mask.as_deref(),
            Method::Points => self.points.as_deref(),
            _ => None,
        };
        match chosen {
            Some(method) if method.is_given() => {
                let option = if method == Method::File { "centerline" } else { method.name() };
                let missing = || Failure::usage(format!("the method {method} needs a file: --{option} F"));
                file(method).ok_or_else(missing).map(|path| Some((method, path)))
            }
            Some(_) => Ok(None),
            None => Ok(Method::ALL.into_iter().find_map(|method| file(method).map(|path| (method, path)))),
        }
    }

    /// The curve along what is given, on the image's grid.
    fn follow(&self, method: Method, file: &Path) -> Result<Curve, Failure> {
        let grid = read_header(&self.place)?.grid;
        let drawn = match method {
            Method::Mask => from_mask(&read_mask(file)?, self.fit()?).map_err(|e| e.about(file))?,
            Method::Points => {
                from_points(&Points::read_csv(file)?, &grid, self.fit()?).map_err(|e| e.about(file))?
            }
            _ => from_file(file, &self.place)?,
        };
        Ok(drawn.placed_on(&grid).map_err(|e| e.about(file))?)
    }

    /// The curve that the chosen method finds, or the first believable one, and the cord where it draws one.
    fn search(&self, chosen: Option<Method>) -> Result<(Curve, Option<Volume<u8>>), Failure> {
        let (image, contrast, tools) = (self.image()?, self.contrast(), self.tools());
        let cancel = interrupt::flag()?;
        let search = Search { image: &image, contrast: &contrast, tools: &tools, cancel: &cancel };
        let hint = match chosen {
            Some(_) => "",
            None => "; place points (--points F.csv), or give a cord mask (--mask F)",
        };
        look(chosen, &search).map_err(|error| Failure::work(format!("{}{hint}", error.about(&self.place))))
    }

    /// Tries every detecting method and shows what each says.
    pub(super) fn compare_on_image(&self) -> CommandResult {
        let (image, contrast, tools) = (self.image()?, self.contrast(), self.tools());
        let cancel = interrupt::flag()?;
        let witness = Witness::default();
        let search = Search { image: &image, contrast: &contrast, tools: &tools, cancel: &cancel };
        let mut answers = Vec::new();
        for method in Method::ALL.into_iter().filter(|method| !method.is_given()) {
            if let Err(reason) = method.ready(&tools, &contrast) {
                answers.push(Answer::absent(method, &reason));
                continue;
            }
            let begun = Instant::now();
            let curve = match detect(method, &search, &witness) {
                Err(CenterlineError::Cancelled) => return Ok(Outcome::Interrupted),
                found => found.and_then(|found| judged(found, &search, &witness)),
            };
            let outcome = curve.as_ref().map_err(ToString::to_string);
            answers.push(Answer::given(method, outcome, begun.elapsed().as_secs_f64()));
        }
        if self.json {
            output::json(&Answers { methods: answers })?;
        } else {
            answer::lines(&answers, None).iter().for_each(output::line);
        }
        Ok(Outcome::Done)
    }

    fn fit(&self) -> Result<Fit, Failure> {
        self.smooth.map_or(Ok(self.fit), |strength| self.fit.with_strength(strength).map_err(Failure::usage))
    }

    fn image(&self) -> Result<Volume<f32>, Failure> {
        let mut image = read_image(&self.place)?;
        image.zero_non_finite();
        Ok(image.to_rpi())
    }

    fn contrast(&self) -> Contrast {
        self.contrast.clone().unwrap_or_else(|| contrast_of(&self.place))
    }

    fn tools(&self) -> Tools {
        Tools::found(self.models.clone())
    }
}

#[derive(Serialize)]
struct Answers {
    methods: Vec<Answer>,
}
