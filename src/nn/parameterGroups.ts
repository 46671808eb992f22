// Which parameters decay: as the published training code of VAR and FlexVAR.
import type { ParameterGroup } from './adamw.js';
import type { Module } from './module.js';

const neverDecayed =
  /cls_token|start_token|task_token|cfg_uncond|pos_embed|pos_1LC|pos_start|start_pos|lvl_embed|gamma|beta|ada_gss|moe_bias|scale_mul/;

/** No weight decay on parameters of one dimension, biases, positions and attention scales; the rest decays. */
export function parameterGroups(model: Module): [decayed: ParameterGroup, rest: ParameterGroup] {
  const decayed = new Map();
  const rest = new Map();
  for (const [name, parameter] of model.namedParameters()) {
    const exempt = parameter.shape.length <= 1 || name.endsWith('bias') || neverDecayed.test(name);
    (exempt ? rest : decayed).set(name, parameter);
  }
  return [
    { parameters: decayed, decay: true },
    { parameters: rest, decay: false },
  ];
}
