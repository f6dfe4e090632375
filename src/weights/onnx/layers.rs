//! What each kind of ONNX layer is in our terms; settings without an equivalent are refused by name.

use super::format::NodeProto;
use super::tensors::Tensors;
use crate::weights::{Op, WeightsError};

/// What the layer does to its first input; `None` when that is nothing.
pub(super) fn of(node: &NodeProto, tensors: &Tensors<'_>) -> Result<Option<Op>, WeightsError> {
    let layer = Layer { node, tensors };
    Ok(Some(match node.op_type.as_str() {
        "Identity" | "Dropout" => return Ok(None),
        "Conv" => layer.convolution()?,
        "ConvTranspose" => layer.transposed()?,
        "BatchNormalization" => layer.normalisation()?,
        "Relu" => Op::Relu,
        "Sigmoid" => Op::Sigmoid,
        "MaxPool" => layer.pooling()?,
        "Upsample" | "Resize" => layer.repetition()?,
        "Concat" => Op::Concat,
        "Mul" => Op::Scale(layer.number()?),
        "Div" => Op::Scale(1.0 / layer.number()?),
        other => return Err(layer.unknown(&format!("layers of the kind {other}"))),
    }))
}

struct Layer<'a> {
    node: &'a NodeProto,
    tensors: &'a Tensors<'a>,
}

impl Layer<'_> {
    fn convolution(&self) -> Result<Op, WeightsError> {
        let kernel = self.tensors.kernel(self.input(1))?;
        let size = [kernel.dim().2, kernel.dim().3, kernel.dim().4];
        let dilation = self.sizes("dilations", 1)?;
        self.no_groups()?;
        if self.sizes("strides", 1)? != [1; 3] {
            return Err(self.unknown("strides other than 1"));
        }
        let reach: [usize; 3] = std::array::from_fn(|i| size[i].saturating_sub(1) * dilation[i]);
        if !self.keeps_size(reach)? {
            return Err(self.unknown("convolutions that change the size"));
        }
        let bias = self.bias(kernel.dim().0)?;
        Ok(Op::Conv { kernel, bias, dilation })
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
        let epsilon = self.node.attribute.iter().find(|a| a.name == "epsilon").map_or(1e-5, |a| a.f);
        Ok(Op::BatchNorm {
            gamma: vector(1)?,
            beta: vector(2)?,
            mean: vector(3)?,
            variance: vector(4)?,
            epsilon,
        })
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
        if !["", "nearest"].contains(&self.text("mode"))
            || self.text("coordinate_transformation_mode") == "align_corners"
        {
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
        match scales.iter().map(whole).collect::<Option<Vec<i64>>>().as_deref() {
            Some([1, 1, times @ ..]) => self.three(times, 1),
            _ => Err(self.unknown("resizing other than by whole numbers given in the file")),
        }
        .map(Op::Repeat)
    }

    fn number(&self) -> Result<f32, WeightsError> {
        match self.tensors.vector(self.input(1))?.as_slice() {
            [number] if *number != 0.0 => Ok(*number),
            _ => Err(self.unknown("products with anything but one number")),
        }
    }

    fn bias(&self, channels: usize) -> Result<Vec<f32>, WeightsError> {
        match self.input(2) {
            "" => Ok(vec![0.0; channels]),
            name => self.tensors.vector(name),
        }
    }

    fn no_groups(&self) -> Result<(), WeightsError> {
        match self.node.attribute.iter().find(|a| a.name == "group") {
            Some(group) if group.i != 1 => Err(self.unknown("convolutions in groups")),
            _ => Ok(()),
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
