//! The linear algebra of one distance: covariance, whitening, quantiles.

use nalgebra::DMatrix;

/// Rows of the inverse Cholesky factor of the rows' covariance about 0, packed: multiplying by it turns Mahalanobis into Euclidean distance.
/// `shrinkage` draws correlations towards none; `doubt` widens each channel's variance by so many times itself.
pub(super) fn whitening(rows: &DMatrix<f64>, shrinkage: f64, doubt: &[f64]) -> Option<Vec<f64>> {
    let width = rows.ncols();
    let squares = rows.tr_mul(rows) / rows.nrows().max(1) as f64;
    let covariance = DMatrix::from_fn(width, width, |i, j| {
        let together = squares[(i, j)];
        if i == j { (together * (1.0 + doubt[i])).max(1e-12) } else { together * (1.0 - shrinkage) }
    });
    let inverse = covariance.cholesky()?.l().try_inverse()?;
    Some((0..width).flat_map(|i| (0..=i).map(move |j| (i, j))).map(|place| inverse[place]).collect())
}

/// Length of the whitened vector. `whiten` is packed by rows, row i having i + 1 entries.
pub(super) fn distance(whiten: &[f64], vector: &[f64]) -> f64 {
    let mut rest = whiten;
    let mut squares = 0.0;
    for length in 1..=vector.len() {
        let (row, below) = rest.split_at(length);
        let whitened: f64 = row.iter().zip(vector).map(|(weight, value)| weight * value).sum();
        squares += whitened * whitened;
        rest = below;
    }
    squares.sqrt()
}

/// Inverse covariance times the vector.
pub(super) fn pull(whiten: &[f64], vector: &[f64]) -> Vec<f64> {
    let mut pulled = vec![0.0; vector.len()];
    let mut rest = whiten;
    for length in 1..=vector.len() {
        let (row, below) = rest.split_at(length);
        let whitened: f64 = row.iter().zip(vector).map(|(weight, value)| weight * value).sum();
        pulled.iter_mut().zip(row).for_each(|(sum, weight)| *sum += weight * whitened);
        rest = below;
    }
    pulled
}

/// Sorted values' quantile, between neighbours by share.
pub(super) fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return 0.0 };
    let place = share.clamp(0.0, 1.0) * last as f64;
    let below = place.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (place - place.floor()) * (sorted[above] - sorted[below])
}

/// Means of that many blocks of equal length; a rest shorter than a block is left out.
pub(super) fn block_means(column: &[f64], blocks: usize) -> Vec<f64> {
    let length = (column.len() / blocks.max(1)).max(1);
    column.chunks_exact(length).map(|block| block.iter().sum::<f64>() / length as f64).collect()
}
