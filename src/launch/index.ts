// Starting processes and knowing which one this is; no torch here.
export { doubtsOf, hostsOf, launchVariables } from './describe.js';
export { launch } from './launch.js';
export { processesOf } from './nodes.js';
export { planOf } from './plan.js';
export { resolveTopology, type Topology, type TopologyFlags } from './topology.js';
export { leaveWithLauncher, writeElasticError } from './worker.js';
