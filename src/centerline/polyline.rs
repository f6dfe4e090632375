//! Cutting a line in space by the slices of a grid. Plain voxel geometry; knows neither grids nor curves.

/// Positions this close (voxels) to a slice's plane are on it: world and back costs some rounding.
const ON_PLANE: f64 = 1e-6;

/// Where the line `[x, y, z]` meets the planes z = 0, 1, … `slices - 1`: the first plane met and x, y on it and all that
/// follow. A plane met several times (the line turns back) counts where it is met first. A line that runs between two planes
/// and meets none belongs to the plane next to its middle.
pub(super) fn cut(line: &[[f64; 3]], slices: usize) -> (usize, Vec<[f64; 2]>) {
    let low = line.iter().map(|p| p[2]).fold(f64::INFINITY, f64::min);
    let high = line.iter().map(|p| p[2]).fold(f64::NEG_INFINITY, f64::max);
    if line.is_empty() || !low.is_finite() || !high.is_finite() {
        return (0, Vec::new());
    }
    let (first, last) = ((low - ON_PLANE).ceil(), (high + ON_PLANE).floor());
    if first > last {
        let nearest = ((low + high) / 2.0).round();
        let inside = nearest >= 0.0 && nearest < slices as f64;
        let middle = line[line.len() / 2];
        return if inside { (nearest as usize, vec![[middle[0], middle[1]]]) } else { (0, Vec::new()) };
    }
    let planes = first.max(0.0) as usize..(last + 1.0).clamp(0.0, slices as f64) as usize;
    let xy = planes.clone().filter_map(|z| crossing(line, z as f64)).collect();
    (planes.start, xy)
}

/// x and y where the line first meets the plane, which lies within its reach or no farther off than [`ON_PLANE`].
fn crossing(line: &[[f64; 3]], z: f64) -> Option<[f64; 2]> {
    let between = |pair: &&[[f64; 3]]| {
        let (a, b) = (pair[0][2], pair[1][2]);
        a.min(b) <= z && z <= a.max(b)
    };
    if let Some(&[a, b]) = line.windows(2).find(between).and_then(|pair| pair.first_chunk::<2>()) {
        let share = if a[2] == b[2] { 0.0 } else { (z - a[2]) / (b[2] - a[2]) };
        return Some([a[0] + share * (b[0] - a[0]), a[1] + share * (b[1] - a[1])]);
    }
    let nearest = line.iter().min_by(|a, b| (a[2] - z).abs().total_cmp(&(b[2] - z).abs()))?;
    Some([nearest[0], nearest[1]])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_where_the_planes_are() {
        let line = [[0.0, 0.0, 0.5], [3.0, 6.0, 3.5]];
        assert_eq!(cut(&line, 10), (1, vec![[0.5, 1.0], [1.5, 3.0], [2.5, 5.0]]));
        assert_eq!(cut(&line, 3), (1, vec![[0.5, 1.0], [1.5, 3.0]]));
        assert_eq!(cut(&line, 1).1.len(), 0);
    }

    #[test]
    fn a_line_that_turns_back_counts_once() {
        let line = [[0.0, 0.0, 0.0], [2.0, 0.0, 2.0], [4.0, 0.0, 1.0], [8.0, 0.0, 3.0]];
        assert_eq!(cut(&line, 10), (0, vec![[0.0, 0.0], [1.0, 0.0], [2.0, 0.0], [8.0, 0.0]]));
    }

    #[test]
    fn short_lines_and_rounding_lose_nothing() {
        assert_eq!(cut(&[[1.0, 2.0, 3.2], [1.0, 2.0, 3.4]], 10), (3, vec![[1.0, 2.0]]));
        assert_eq!(cut(&[[1.0, 2.0, 2.0 + 1e-9], [1.0, 2.0, 4.0 - 1e-9]], 10), (2, vec![[1.0, 2.0]; 3]));
        assert_eq!(cut(&[], 10), (0, vec![]));
        assert_eq!(cut(&[[f64::NAN; 3]], 10), (0, vec![]));
        assert_eq!(cut(&[[1.0, 2.0, -7.0], [1.0, 2.0, -5.0]], 10), (0, vec![]));
    }
}
