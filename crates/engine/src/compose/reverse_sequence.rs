//! Sequences turned around, each up to its own length.

use crate::error::Result;
use crate::graph::{Graph, Wire, misfit};
use crate::ops::{Addressing, IntegerOperation, Relation};

impl Graph {
    /// `x` with the first `lengths[b]` steps of sequence b in reverse order, the others as they
    /// are; `time` and `batch` are the axes of steps and of sequences.
    ///
    /// A length outside 0..=steps leads outside of the sequence and gives NaN, or 0 for integers.
    ///
    /// # Errors
    /// If the axes are equal or do not exist, or `lengths` is not one integer per sequence.
    pub fn reverse_sequence(
        &mut self,
        x: Wire,
        lengths: Wire,
        time: usize,
        batch: usize,
    ) -> Result<Wire> {
        let types = [self.type_of(x), self.type_of(lengths)];
        let axes = types[0].shape.axes();
        let (Some(&steps), Some(&sequences)) = (axes.get(time), axes.get(batch)) else {
            return Err(misfit("reverse_sequence", &types, format!("axes {time} and {batch}")));
        };
        if time == batch || *types[1] != crate::Type::integer([sequences]) {
            let expected = format!("two axes, and {sequences} integers");
            return Err(misfit("reverse_sequence", &types, expected));
        }
        let others = (0..axes.len()).filter(|axis| ![batch, time].contains(axis));
        let order: Vec<usize> = [batch, time].into_iter().chain(others).collect();
        let mut back = vec![0; order.len()];
        order.iter().enumerate().for_each(|(to, &from)| back[from] = to);

        let step = self.counting(steps)?;
        let lengths = self.reshape(lengths, [sequences, 1])?;
        let inside = self.compare(Relation::Less, step, lengths)?;
        let one = self.integer(1)?;
        let last = self.integer_binary(IntegerOperation::Subtract, lengths, one)?;
        let mirrored = self.integer_binary(IntegerOperation::Subtract, last, step)?;
        let source = self.choose(inside, mirrored, step)?;
        let source = self.reshape(source, [sequences, steps, 1])?;
        let moved = self.transpose(x, &order)?;
        let turned = self.gather_by(Addressing::Tuples(1), moved, source)?;
        self.transpose(turned, &back)
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluate::{Array, compute};
    use crate::gradients;

    #[test]
    fn each_sequence_is_turned_up_to_its_length() {
        // The two examples of ONNX's ReverseSequence.
        let x = Array::float([4, 4], (0..16).map(f64::from).collect()).unwrap();
        let lengths = Array::integer([4], vec![4, 3, 2, 1]).unwrap();
        let by_batch = Array::integer([4], vec![1, 2, 3, 4]).unwrap();
        let got = compute(&[&x, &lengths, &by_batch], 100, |g, w| {
            let along_0 = g.reverse_sequence(w[0], w[1], 0, 1)?;
            let along_1 = g.reverse_sequence(w[0], w[2], 1, 0)?;
            Ok(vec![along_0, along_1])
        });
        let got = got.unwrap();
        assert_eq!(
            got[0].floats().unwrap(),
            [12., 9., 6., 3., 8., 5., 2., 7., 4., 1., 10., 11., 0., 13., 14., 15.]
        );
        assert_eq!(
            got[1].floats().unwrap(),
            [0., 1., 2., 3., 5., 4., 6., 7., 10., 9., 8., 11., 15., 14., 13., 12.]
        );
    }

    #[test]
    fn the_gradient_is_turned_back() {
        let x = Array::float([1, 3], vec![1.0, 2.0, 3.0]).unwrap();
        let weight = Array::float([1, 3], vec![10.0, 20.0, 30.0]).unwrap();
        let lengths = Array::integer([1], vec![2]).unwrap();
        let got = compute(&[&x, &weight, &lengths], 100, |g, w| {
            let turned = g.reverse_sequence(w[0], w[2], 1, 0)?;
            let weighted = g.multiply(turned, w[1])?;
            gradients(g, weighted, &[w[0]])
        });
        assert_eq!(got.unwrap()[0].floats().unwrap(), [20.0, 10.0, 30.0]);
    }
}
