//! Relations between numbers, as booleans.

use fanin_engine::ops::Relation;

use crate::Result;
use crate::formats::onnx::ElementType;
use crate::import::{Call, Lowering, Value};

use super::Import;

pub const IMPORT: Import =
    Import::new(&["Equal", "Greater", "Less", "GreaterOrEqual", "LessOrEqual"], lower).meets();
pub const KIND_OF_NUMBER: Import = Import::new(&["IsNaN", "IsInf"], lower_kind);

fn lower(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let relation = match call.node.op_type {
        "Equal" => Relation::Equal,
        "Greater" => Relation::Greater,
        "Less" => Relation::Less,
        "GreaterOrEqual" => Relation::GreaterOrEqual,
        _ => Relation::LessOrEqual,
    };
    let inputs = [call.input(0)?, call.input(1)?];
    let made = lowering.apply(&inputs, |g, w| g.compare(relation, w[0], w[1]))?;
    Ok(vec![made.of(ElementType::Bool)])
}

fn lower_kind(call: &Call<'_, '_>, lowering: &mut Lowering<'_, '_>) -> Result<Vec<Value>> {
    let x = call.input(0)?;
    let positive = call.int("detect_positive", 1)? != 0;
    let negative = call.int("detect_negative", 1)? != 0;
    let not_a_number = call.node.op_type == "IsNaN";
    let made = lowering.apply(&[x], |g, w| {
        if not_a_number {
            return g.compare(Relation::NotEqual, w[0], w[0]);
        }
        let above = g.constant([], if positive { f64::INFINITY } else { f64::NAN })?;
        let below = g.constant([], if negative { f64::NEG_INFINITY } else { f64::NAN })?;
        let above = g.compare(Relation::Equal, w[0], above)?;
        let below = g.compare(Relation::Equal, w[0], below)?;
        g.add(above, below)
    })?;
    Ok(vec![made.of(ElementType::Bool)])
}
