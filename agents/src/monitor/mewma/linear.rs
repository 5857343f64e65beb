//! The linear algebra of one distance: what the row before implies, covariance, whitening.

use nalgebra::{DMatrix, RowDVector};

/// Ridge regression of each row on the row before it, both with mean 0: the coefficients B of `now ≈ before · B`. `ridge` is the weight of
/// "the row before says nothing", in rows, and larger for a channel in doubt: one that drifts must not drag the others along. `None` if it
/// has no solution.
pub(super) fn regression(before: &DMatrix<f64>, now: &DMatrix<f64>, ridge: f64, doubt: &[f64]) -> Option<DMatrix<f64>> {
    let mut squares = before.tr_mul(before);
    for (i, doubt) in doubt.iter().enumerate() {
        squares[(i, i)] += ridge.max(1e-9) * (1.0 + doubt);
    }
    Some(squares.cholesky()?.solve(&before.tr_mul(now)))
}

pub(super) fn mean(rows: &DMatrix<f64>) -> RowDVector<f64> {
    rows.row_mean()
}

pub(super) fn minus(mut rows: DMatrix<f64>, mean: &RowDVector<f64>) -> DMatrix<f64> {
    rows.row_iter_mut().for_each(|mut row| row -= mean);
    rows
}

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
