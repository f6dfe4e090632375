//! The loss of a network with several heads (Lee et al. 2015; weights as in nnU-Net, Isensee et al. 2021).

use burn::tensor::Tensor;

use crate::kernels::{Kernels, max_pool2};
use crate::network::Outputs;

/// Mean of the heads' losses with weights 1, 1/2, 1/4, ... from the finest on.
///
/// `loss` compares logits with a target of the same shape. Coarser targets hold the maximum of each 2x2x2 cell, so that
/// no lesion is lost on the way down.
pub(super) fn supervised<B: Kernels>(
    outputs: Outputs<B>,
    mut target: Tensor<B, 5>,
    loss: impl Fn(Tensor<B, 5>, Tensor<B, 5>) -> Tensor<B, 1>,
) -> Tensor<B, 1> {
    let mut total = loss(outputs.finest, target.clone());
    let (mut weight, mut whole) = (1.0, 1.0);
    for output in outputs.coarser {
        target = max_pool2(target);
        weight /= 2.0;
        whole += weight;
        total = total + loss(output, target.clone()) * weight;
    }
    total / whole
}
