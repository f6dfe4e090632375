//! What the operations mean, in plain f64 loops.

pub(super) type Dims = [usize; 5];

pub(super) fn len(dims: Dims) -> usize {
    dims.iter().product()
}

pub(super) fn doubled([n, c, x, y, z]: Dims) -> Dims {
    [n, c, 2 * x, 2 * y, 2 * z]
}

pub(super) fn with_channels([n, _, x, y, z]: Dims, c: usize) -> Dims {
    [n, c, x, y, z]
}

/// For each voxel of `dims`, the index of its cell on the grid half as fine.
pub(super) fn cell_of([_, _, x, y, z]: Dims, index: usize) -> usize {
    let (channel, i, j, k) = (index / (x * y * z), index / (y * z) % x, index / z % y, index % z);
    ((channel * (x / 2) + i / 2) * (y / 2) + j / 2) * (z / 2) + k / 2
}

/// Channels of `first`, then of `second`, per batch entry.
pub(super) fn joined(first: &[f64], second: &[f64], n: usize) -> Vec<f64> {
    let (a, b) = (first.len() / n, second.len() / n);
    (0..n)
        .flat_map(|i| first[i * a..(i + 1) * a].iter().chain(&second[i * b..(i + 1) * b]).copied())
        .collect()
}

/// Undoes [`joined`] for `below` of `channels` channels.
pub(super) fn parted(values: &[f64], n: usize, below: usize, channels: usize) -> (Vec<f64>, Vec<f64>) {
    let (entry, first) = (values.len() / n, values.len() / n / channels * below);
    let part = |range: std::ops::Range<usize>| {
        (0..n).flat_map(|i| values[i * entry..][range.clone()].to_vec()).collect::<Vec<_>>()
    };
    (part(0..first), part(first..entry))
}

/// Calls `visit(output voxel, input voxel, weight)` for every product of a convolution.
fn products([n, c, x, y, z]: Dims, out: usize, side: usize, mut visit: impl FnMut(usize, usize, usize)) {
    let half = (side / 2) as i64;
    let shift = |at: usize, tap: usize, size: usize| {
        let to = at as i64 + tap as i64 - half;
        (0..size as i64).contains(&to).then_some(to as usize)
    };
    for index in 0..n * out * x * y * z {
        let (entry, o) = (index / (out * x * y * z), index / (x * y * z) % out);
        let (i, j, k) = (index / (y * z) % x, index / z % y, index % z);
        for weight in 0..c * side.pow(3) {
            let (channel, tap) = (weight / side.pow(3), weight % side.pow(3));
            let [a, b, d] = [tap / (side * side), tap / side % side, tap % side];
            if let (Some(i), Some(j), Some(k)) = (shift(i, a, x), shift(j, b, y), shift(k, d, z)) {
                let input = (((entry * c + channel) * x + i) * y + j) * z + k;
                visit(index, input, o * c * side.pow(3) + weight);
            }
        }
    }
}

pub(super) struct Convolution {
    pub(super) values: Vec<f64>,
    pub(super) x: Vec<f64>,
    pub(super) weight: Vec<f64>,
    pub(super) bias: Vec<f64>,
}

/// A convolution and its gradients.
pub(super) fn convolution(
    dims: Dims,
    side: usize,
    xs: &[f64],
    ws: &[f64],
    bs: &[f64],
    gs: &[f64],
) -> Convolution {
    let space = dims[2] * dims[3] * dims[4];
    let out = bs.len();
    let mut values: Vec<f64> = (0..gs.len()).map(|index| bs[index / space % out]).collect();
    let (mut x, mut weight) = (vec![0.0; xs.len()], vec![0.0; ws.len()]);
    products(dims, out, side, |o, i, w| {
        values[o] += xs[i] * ws[w];
        x[i] += gs[o] * ws[w];
        weight[w] += gs[o] * xs[i];
    });
    let mut bias = vec![0.0; out];
    gs.iter().enumerate().for_each(|(index, grad)| bias[index / space % out] += grad);
    Convolution { values, x, weight, bias }
}

/// Mean and biased variance of the groups that `group` puts values in.
pub(super) fn moments(values: &[f64], groups: usize, group: impl Fn(usize) -> usize) -> (Vec<f64>, Vec<f64>) {
    let count = (values.len() / groups) as f64;
    let mut mean = vec![0.0; groups];
    values.iter().enumerate().for_each(|(i, value)| mean[group(i)] += value / count);
    let mut variance = vec![0.0; groups];
    values
        .iter()
        .enumerate()
        .for_each(|(i, value)| variance[group(i)] += (value - mean[group(i)]).powi(2) / count);
    (mean, variance)
}
