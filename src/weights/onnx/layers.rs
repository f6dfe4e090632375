//! What each kind of ONNX layer is in our terms; settings without an equivalent are refused by name.

use super::axes::{Axes, Channels};
use super::format::NodeProto;
use super::tensors::Tensors;
use crate::weights::{Op, WeightsError};

/// What the layer does to its first input, whose axes are in this order; `None` when that is nothing.
pub(super) fn of(node: &NodeProto, tensors: &Tensors<'_>, axes: Axes) -> Result<Option<Op>, WeightsError> {
    let layer = Layer { node, tensors, axes };
    Ok(Some(match node.op_type.as_str() {
        "Identity" | "Dropout" => return Ok(None),
        "Conv" => layer.convolution()?,
        "ConvTranspose" => layer.transposed()?,
        "BatchNormalization" => layer.normalisation()?,
        "InstanceNormalization" => layer.instance()?,
        "Relu" => Op::Relu,
        "LeakyRelu" => Op::LeakyRelu(layer.float("alpha", 0.01)),
        "Sigmoid" => Op::Sigmoid,
        "MaxPool" => layer.pooling()?,
        "Upsample" | "Resize" => layer.repetition()?,
        "Concat" => Op::Concat,
        "Mul" => layer.product(|factor| factor)?,
        "Div" => layer.product(|divisor| 1.0 / divisor)?,
        "Add" => layer.sum(|term| term)?,
        "Sub" => layer.sum(|term| -term)?,
        other => return Err(layer.unknown(&format!("layers of the kind {other}"))),
    }))
}

struct Layer<'a> {
    node: &'a NodeProto,
    tensors: &'a Tensors<'a>,
    axes: Axes,
}

impl Layer<'_> {
    fn convolution(&self) -> Result<Op, WeightsError> {
        let kernel = self.tensors.kernel(self.input(1))?;
        let size = [kernel.dim().2, kernel.dim().3, kernel.dim().4];
        let dilation = self.sizes("dilations", 1)?;
        self.no_groups()?;
        let stride = self.sizes("strides", 1)?;
        let reach: [usize; 3] = std::array::from_fn(|i| size[i].saturating_sub(1) * dilation[i]);
        // With a stride, "same" borders depend on the size of what is given.
        let strided = stride != [1; 3];
        if stride.contains(&0) || strided && self.text("auto_pad").starts_with("SAME") {
            return Err(self.unknown("this stride"));
        }
        if !self.keeps_size(reach)? {
            return Err(self.unknown("convolutions that change the size"));
        }
        let bias = self.bias(kernel.dim().0)?;
        Ok(Op::Conv { kernel, bias, dilation, stride })
    }

    /// Whether the border is what a kernel of this reach loses, the longer half of it at the end.
    fn keeps_size(&self, reach: [usize; 3]) -> Result<bool, WeightsError> {
        match self.text("auto_pad") {
            "SAME_UPPER" => Ok(true),
            "SAME_LOWER" => Ok(reach.iter().all(|reach| reach % 2 == 0)),
            "VALID" => Ok(reach == [0; 3]),
            _ => {
                let [before, after] = self.pads()?;
                Ok((0..3).all(|i| before[i] == reach[i] / 2 && before[i] + after[i] == reach[i]))
            }
        }
    }

    fn transposed(&self) -> Result<Op, WeightsError> {
        let kernel = self.tensors.kernel(self.input(1))?;
        let size = [kernel.dim().2, kernel.dim().3, kernel.dim().4];
        self.no_groups()?;
        let plain = self.pads()? == [[0; 3]; 2] && self.sizes("output_padding", 0)?.iter().all(|n| *n == 0);
        if self.sizes("strides", 1)? != size || self.sizes("dilations", 1)? != [1; 3] || !plain {
            return Err(self.unknown("transposed convolutions whose stride is not their kernel's size"));
        }
        let bias = self.bias(kernel.dim().1)?;
        Ok(Op::Spread { kernel, bias })
    }

    fn normalisation(&self) -> Result<Op, WeightsError> {
        let vector = |place: usize| self.tensors.vector(self.input(place));
        if self.integer("training_mode") != 0 {
            return Err(self.unknown("normalisation as in training"));
        }
        Ok(Op::BatchNorm {
            gamma: vector(1)?,
            beta: vector(2)?,
            mean: vector(3)?,
            variance: vector(4)?,
            epsilon: self.float("epsilon", 1e-5),
        })
    }

    fn instance(&self) -> Result<Op, WeightsError> {
        let vector = |place: usize| self.tensors.vector(self.input(place));
        Ok(Op::InstanceNorm { gamma: vector(1)?, beta: vector(2)?, epsilon: self.float("epsilon", 1e-5) })
    }

    /// A product with one number, or with one per channel.
    fn product(&self, used: impl Fn(f32) -> f32) -> Result<Op, WeightsError> {
        let factors = self.constants()?;
        match factors.as_slice() {
            [factor] if used(*factor).is_finite() && used(*factor) != 0.0 => Ok(Op::Scale(used(*factor))),
            [_] => Err(self.unknown("a product with 0")),
            _ => Ok(affine(factors.iter().copied().map(used).collect(), vec![0.0; factors.len()])),
        }
    }

    /// The sum of activations, or with one number per channel.
    fn sum(&self, used: impl Fn(f32) -> f32) -> Result<Op, WeightsError> {
        if self.node.op_type == "Add" && !self.node.input.iter().any(|input| self.tensors.has(input)) {
            return Ok(Op::Add);
        }
        let terms = self.constants()?;
        Ok(affine(vec![1.0; terms.len()], terms.into_iter().map(used).collect()))
    }

    /// The array this layer joins with its activation: one number, or one per channel.
    fn constants(&self) -> Result<Vec<f32>, WeightsError> {
        let swaps = ["Mul", "Add"].contains(&self.node.op_type.as_str());
        let [first, second] = [self.input(0), self.input(1)];
        let name = if swaps && self.tensors.has(first) { first } else { second };
        let values = self.tensors.vector(name)?;
        let behind = match self.axes.channels {
            Channels::First => self.axes.spatial,
            Channels::Last => 0,
        };
        if values.len() == 1 || self.tensors.axis_from_behind(name) == Some(behind) {
            return Ok(values);
        }
        Err(self.unknown("sums and products with anything but one number, or one per channel"))
    }

    fn pooling(&self) -> Result<Op, WeightsError> {
        let size = self.sizes("kernel_shape", 1)?;
        let plain = self.pads()? == [[0; 3]; 2] && self.sizes("dilations", 1)? == [1; 3];
        if self.sizes("strides", 1)? != size || !plain {
            return Err(self.unknown("pooling whose blocks overlap or have a border"));
        }
        Ok(Op::MaxPool(size))
    }

    fn repetition(&self) -> Result<Op, WeightsError> {
        if !["", "nearest"].contains(&self.text("mode")) {
            return Err(self.unknown("resizing other than by repeating voxels"));
        }
        let named = self.node.input.iter().skip(1).rev().find(|name| self.tensors.has(name));
        let scales = match (named, self.node.attribute.iter().find(|a| a.name == "scales")) {
            (Some(name), _) => self.tensors.vector(name)?,
            (None, Some(given)) => given.floats.clone(),
            (None, None) => Vec::new(),
        };
        let whole =
            |scale: &f32| (scale.fract() == 0.0 && (1.0..=64.0).contains(scale)).then_some(*scale as i64);
        let times = match scales.iter().map(whole).collect::<Option<Vec<i64>>>().as_deref() {
            Some([1, 1, times @ ..]) if self.axes.channels == Channels::First => self.three(times, 1)?,
            Some([1, times @ .., 1]) if self.axes.channels == Channels::Last => self.three(times, 1)?,
            _ => return Err(self.unknown("resizing other than by whole numbers given in the file")),
        };
        if !self.repeats(times.into_iter().max().unwrap_or(1)) {
            return Err(self.unknown("resizing whose nearest voxel is not the one it lies in"));
        }
        Ok(Op::Repeat(times))
    }

    /// Whether the rule of rounding gives every one of these so many new voxels the old one it lies in.
    fn repeats(&self, times: usize) -> bool {
        if self.node.op_type == "Upsample" {
            return true;
        }
        let rounded = given_or(self.text("nearest_mode"), "round_prefer_floor");
        match given_or(self.text("coordinate_transformation_mode"), "half_pixel") {
            "asymmetric" => rounded == "floor" || rounded == "round_prefer_floor" && times <= 2,
            "half_pixel" | "pytorch_half_pixel" | "half_pixel_symmetric" => rounded.starts_with("round"),
            "tf_half_pixel_for_nn" => rounded == "floor",
            _ => false,
        }
    }

    fn bias(&self, channels: usize) -> Result<Vec<f32>, WeightsError> {
        match self.input(2) {
            "" => Ok(vec![0.0; channels]),
            name => self.tensors.vector(name),
        }
    }

    fn no_groups(&self) -> Result<(), WeightsError> {
        match self.integer("group") {
            0 | 1 => Ok(()),
            _ => Err(self.unknown("convolutions in groups")),
        }
    }

    /// Voxels of border before and after.
    fn pads(&self) -> Result<[[usize; 3]; 2], WeightsError> {
        let given = self.integers("pads");
        let (before, after) = given.split_at(given.len() / 2);
        Ok([self.three(before, 0)?, self.three(after, 0)?])
    }

    fn sizes(&self, setting: &str, otherwise: usize) -> Result<[usize; 3], WeightsError> {
        self.three(self.integers(setting), otherwise)
    }

    /// One number per axis of the network, `otherwise` for those in front that it lacks.
    fn three(&self, given: &[i64], otherwise: usize) -> Result<[usize; 3], WeightsError> {
        let mut three = [otherwise; 3];
        for (place, given) in three.iter_mut().rev().zip(given.iter().rev()) {
            *place = usize::try_from(*given).map_err(|_| self.unknown(&format!("a size of {given}")))?;
        }
        Ok(three)
    }

    fn integers(&self, setting: &str) -> &[i64] {
        self.node.attribute.iter().find(|a| a.name == setting).map_or(&[], |a| &a.ints)
    }

    fn integer(&self, setting: &str) -> i64 {
        self.node.attribute.iter().find(|a| a.name == setting).map_or(0, |a| a.i)
    }

    fn float(&self, setting: &str, otherwise: f32) -> f32 {
        self.node.attribute.iter().find(|a| a.name == setting).map_or(otherwise, |a| a.f)
    }

    fn text(&self, setting: &str) -> &str {
        let given = self.node.attribute.iter().find(|a| a.name == setting);
        given.and_then(|a| std::str::from_utf8(&a.s).ok()).unwrap_or_default()
    }

    fn input(&self, place: usize) -> &str {
        self.node.input.get(place).map_or("", String::as_str)
    }

    fn unknown(&self, what: &str) -> WeightsError {
        WeightsError::layer(super::name(self.node), format!("this version cannot run {what}"))
    }
}

/// A factor and a term per channel, as a normalisation that has nothing else.
fn affine(gamma: Vec<f32>, beta: Vec<f32>) -> Op {
    let (mean, variance) = (vec![0.0; gamma.len()], vec![1.0; gamma.len()]);
    Op::BatchNorm { gamma, beta, mean, variance, epsilon: 0.0 }
}

fn given_or<'t>(text: &'t str, usual: &'t str) -> &'t str {
    if text.is_empty() { usual } else { text }
}
