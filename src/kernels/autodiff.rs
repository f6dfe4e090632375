//! The interface through burn's automatic differentiation: each operation records its hand-written gradient.
//!
//! Nothing here computes; it only says which inputs a gradient needs and where it goes.

use burn::backend::Autodiff;
use burn::backend::autodiff::checkpoint::base::Checkpointer;
use burn::backend::autodiff::checkpoint::strategy::CheckpointStrategy;
use burn::backend::autodiff::grads::Gradients;
use burn::backend::autodiff::ops::{Backward, Ops, OpsKind};
use burn::tensor::backend::AutodiffBackend;
use burn::tensor::ops::FloatTensor;

use super::{Kernels, Moments, Norm, Stride};

#[derive(Debug)]
struct Conv;

impl<B: Kernels> Backward<B, 3> for Conv {
    type State = (FloatTensor<B>, FloatTensor<B>, Stride);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, weight, stride) = ops.state;
        let [x_node, weight_node, bias_node] = ops.parents;
        let result = B::conv3d_padded_grads(x, weight, grad, stride, x_node.is_some());
        if let (Some(node), Some(x)) = (x_node, result.x) {
            grads.register::<B>(node.id, x);
        }
        if let Some(node) = weight_node {
            grads.register::<B>(node.id, result.weight);
        }
        if let Some(node) = bias_node {
            grads.register::<B>(node.id, result.bias);
        }
    }
}

#[derive(Debug)]
struct NormActivate;

impl<B: Kernels> Backward<B, 3> for NormActivate {
    type State = (FloatTensor<B>, Norm<B>);

    fn backward(self, ops: Ops<Self::State, 3>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let (x, norm) = ops.state;
        let result = B::norm_activate_grads(x, norm, grad);
        let gradients = [result.x, result.scale, result.shift];
        for (node, gradient) in ops.parents.into_iter().zip(gradients) {
            if let Some(node) = node {
                grads.register::<B>(node.id, gradient);
            }
        }
    }
}

#[derive(Debug)]
struct MaxPool;

impl<B: Kernels> Backward<B, 1> for MaxPool {
    type State = FloatTensor<B>;

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<B>(node.id, B::max_pool2_grad(ops.state, grad));
        }
    }
}

#[derive(Debug)]
struct Upsample;

impl<B: Kernels> Backward<B, 1> for Upsample {
    type State = ();

    fn backward(self, ops: Ops<Self::State, 1>, grads: &mut Gradients, _: &mut Checkpointer) {
        let grad = grads.consume::<B>(&ops.node);
        let [node] = ops.parents;
        if let Some(node) = node {
            grads.register::<B>(node.id, B::upsample2_grad(grad));
        }
    }
}

impl<B: Kernels, C: CheckpointStrategy> Kernels for Autodiff<B, C> {
    fn conv3d_padded(
        x: FloatTensor<Self>,
        weight: FloatTensor<Self>,
        bias: FloatTensor<Self>,
        stride: Stride,
    ) -> FloatTensor<Self> {
        let output = B::conv3d_padded(x.primitive.clone(), weight.primitive.clone(), bias.primitive, stride);
        match Conv.prepare::<C>([x.node, weight.node, bias.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x.primitive, weight.primitive, stride), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    /// Untracked: [`Kernels::norm_activate_grads`] accounts for how the moments depend on `x`.
    fn channel_moments(x: FloatTensor<Self>) -> Moments<Self> {
        let Moments { mean, variance } = B::channel_moments(x.primitive);
        Moments { mean: Self::from_inner(mean), variance: Self::from_inner(variance) }
    }

    fn norm_activate(x: FloatTensor<Self>, norm: Norm<Self>) -> FloatTensor<Self> {
        let nodes = [x.node, norm.scale.node, norm.shift.node];
        let moments =
            Moments { mean: norm.moments.mean.primitive, variance: norm.moments.variance.primitive };
        let inner = Norm {
            moments,
            scale: norm.scale.primitive,
            shift: norm.shift.primitive,
            epsilon: norm.epsilon,
            slope: norm.slope,
        };
        let output = B::norm_activate(x.primitive.clone(), inner.clone());
        match NormActivate.prepare::<C>(nodes).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish((x.primitive, inner), output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn max_pool2(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let output = B::max_pool2(x.primitive.clone());
        match MaxPool.prepare::<C>([x.node]).compute_bound().stateful() {
            OpsKind::Tracked(prep) => prep.finish(x.primitive, output),
            OpsKind::UnTracked(prep) => prep.finish(output),
        }
    }

    fn upsample2(x: FloatTensor<Self>) -> FloatTensor<Self> {
        let output = B::upsample2(x.primitive);
        Upsample.prepare::<C>([x.node]).compute_bound().stateless(output)
    }
}
