//! The arrays of a Keras file by layer and name, kernels turned to `[.., axis 0, axis 1, axis 2]`.

use crate::weights::WeightsError;
use hdf5_pure::{File, Group};
use ndarray::{Array5, ArrayD};

/// The groups that hold a network's arrays, one per layer.
pub(super) struct Arrays {
    layers: Group,
    /// Values an array may have.
    most: u64,
}

/// How many times smaller than its values an array may be in the file: weights hardly compress, and what does is an attack.
const COMPRESSION: u64 = 16;

impl Arrays {
    /// The arrays of a file.
    pub fn of(file: &File) -> Result<Self, WeightsError> {
        let layers = file.group("model_weights").map_err(|e| {
            WeightsError::Content(format!(
                "it holds no arrays (group model_weights: {e}): save the model after training it"
            ))
        })?;
        Ok(Self { layers, most: file.file_size() / size_of::<f32>() as u64 * COMPRESSION })
    }

    /// One value per channel, e.g. `bias`.
    pub fn vector(&self, layer: &str, name: &str) -> Result<Vec<f32>, WeightsError> {
        Ok(self.array(layer, name)?.into_raw_vec_and_offset().0)
    }

    /// The kernel of a convolution, `[.., a, b]` with `a` and `b` as the file has them (the last two axes), in front.
    pub fn kernel(&self, layer: &str) -> Result<Array5<f32>, WeightsError> {
        let mut kernel = self.array(layer, "kernel")?;
        let axes = kernel.ndim();
        if !(3..=5).contains(&axes) {
            return Err(WeightsError::layer(
                layer,
                format!("its kernel has {axes} axes: is the file whole?"),
            ));
        }
        kernel = (axes..5).fold(kernel, |kernel, _| kernel.insert_axis(ndarray::Axis(0)));
        let turned = kernel.permuted_axes(vec![3, 4, 0, 1, 2]).as_standard_layout().into_owned();
        turned.into_dimensionality().map_err(|e| WeightsError::layer(layer, e.to_string()))
    }

    fn array(&self, layer: &str, name: &str) -> Result<ArrayD<f32>, WeightsError> {
        let told = |problem: String| WeightsError::layer(layer, problem);
        let missing = |e: &dyn std::fmt::Display| {
            told(format!("its array {name} cannot be read ({e}): is the file whole?"))
        };
        let group = self.layers.group(layer).map_err(|e| missing(&e))?;
        let attributes = group.attrs().map_err(|e| missing(&e))?;
        let names = attributes.get("weight_names").and_then(|names| names.as_strings()).unwrap_or_default();
        // `conv2d_1/kernel:0`: a path below the group, and the number of a TensorFlow output.
        let wanted =
            |path: &&String| path.rsplit('/').next().and_then(|last| last.split(':').next()) == Some(name);
        let path = names.iter().find(wanted).ok_or_else(|| missing(&"it is not listed"))?;
        let dataset = group.dataset(path).map_err(|e| missing(&e))?;
        let shape = dataset.shape().map_err(|e| missing(&e))?;
        if shape.iter().try_fold(1u64, |all, n| all.checked_mul(*n)).is_none_or(|all| all > self.most) {
            return Err(missing(&format!("{shape:?} values are more than the file can hold")));
        }
        let shape: Vec<usize> = shape.iter().map(|n| *n as usize).collect();
        let values = dataset.read_f32().map_err(|e| missing(&e))?;
        ArrayD::from_shape_vec(shape, values).map_err(|e| missing(&e))
    }
}
