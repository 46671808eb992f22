// The architecture of Inception-v3 as tables (Szegedy et al., arXiv 1512.00567, table 1 and figures 5 to 7), with the state-dict names of
// torchvision, which the published port of the weights of 2015-12-05 has. Beside each block is its name in the TensorFlow graph.

/**
 * A convolution: its name, the channels that it puts out, its kernel (height and width). It keeps the sides, unless it has a stride of 2 or its
 * padding is left out.
 */
export interface UnitPlan {
  name: string;
  outputs: number;
  kernel: readonly [number, number];
  stride: 1 | 2;
  padded: boolean;
}

/** Convolutions in a row; a fork at the end is two of them side by side, whose outputs are joined. */
export interface BranchPlan {
  units: readonly UnitPlan[];
  fork: readonly UnitPlan[];
}

/** How a block pools its input: means do not count the padding, as in TensorFlow. */
export type Pooling = 'mean' | 'max' | 'max of stride 2';

/** Branches in the order in which their outputs are joined, then the pooled input, through a convolution where there is one. */
export interface BlockPlan {
  name: string;
  branches: readonly BranchPlan[];
  pooling: Pooling;
  pooled: UnitPlan | undefined;
}

type Kernel = number | readonly [number, number];

function unit(name: string, outputs: number, kernel: Kernel, options: Partial<UnitPlan> = {}): UnitPlan {
  const sides = typeof kernel === 'number' ? ([kernel, kernel] as const) : kernel;
  const { stride = 1, padded = stride === 1 } = options;
  return { name, outputs, kernel: sides, stride, padded };
}

const halving = { stride: 2 } as const;
const unpadded = { padded: false } as const;

const row = (...units: UnitPlan[]): BranchPlan => ({ units, fork: [] });

/** Blocks at 35 × 35. */
function blockA(name: string, pooled: number): BlockPlan {
  return {
    name,
    branches: [
      row(unit('branch1x1', 64, 1)),
      row(unit('branch5x5_1', 48, 1), unit('branch5x5_2', 64, 5)),
      row(unit('branch3x3dbl_1', 64, 1), unit('branch3x3dbl_2', 96, 3), unit('branch3x3dbl_3', 96, 3)),
    ],
    pooling: 'mean',
    pooled: unit('branch_pool', pooled, 1),
  };
}

/** From 35 × 35 to 17 × 17. */
const blockB: BlockPlan = {
  name: 'Mixed_6a', // mixed_3
  branches: [
    row(unit('branch3x3', 384, 3, halving)),
    row(unit('branch3x3dbl_1', 64, 1), unit('branch3x3dbl_2', 96, 3), unit('branch3x3dbl_3', 96, 3, halving)),
  ],
  pooling: 'max of stride 2',
  pooled: undefined,
};

/** Blocks at 17 × 17, whose 7 × 7 convolutions are taken apart. */
function blockC(name: string, inner: number): BlockPlan {
  const [wide, tall] = [[1, 7] as const, [7, 1] as const];
  return {
    name,
    branches: [
      row(unit('branch1x1', 192, 1)),
      row(unit('branch7x7_1', inner, 1), unit('branch7x7_2', inner, wide), unit('branch7x7_3', 192, tall)),
      row(
        unit('branch7x7dbl_1', inner, 1),
        unit('branch7x7dbl_2', inner, tall),
        unit('branch7x7dbl_3', inner, wide),
        unit('branch7x7dbl_4', inner, tall),
        unit('branch7x7dbl_5', 192, wide),
      ),
    ],
    pooling: 'mean',
    pooled: unit('branch_pool', 192, 1),
  };
}

/** From 17 × 17 to 8 × 8. */
const blockD: BlockPlan = {
  name: 'Mixed_7a', // mixed_8
  branches: [
    row(unit('branch3x3_1', 192, 1), unit('branch3x3_2', 320, 3, halving)),
    row(
      unit('branch7x7x3_1', 192, 1),
      unit('branch7x7x3_2', 192, [1, 7]),
      unit('branch7x7x3_3', 192, [7, 1]),
      unit('branch7x7x3_4', 192, 3, halving),
    ),
  ],
  pooling: 'max of stride 2',
  pooled: undefined,
};

/** Blocks at 8 × 8, whose branches fork. */
function blockE(name: string, pooling: Pooling): BlockPlan {
  const fork = (branch: string) => [unit(`${branch}a`, 384, [1, 3]), unit(`${branch}b`, 384, [3, 1])];
  return {
    name,
    branches: [
      row(unit('branch1x1', 320, 1)),
      { units: [unit('branch3x3_1', 384, 1)], fork: fork('branch3x3_2') },
      { units: [unit('branch3x3dbl_1', 448, 1), unit('branch3x3dbl_2', 384, 3)], fork: fork('branch3x3dbl_3') },
    ],
    pooling,
    pooled: unit('branch_pool', 192, 1),
  };
}

/** A pooling layer. */
export interface PoolPlan {
  name: string;
  pooling: Pooling;
}

/** From 299 × 299 to 35 × 35. */
export const stem: readonly (UnitPlan | PoolPlan)[] = [
  unit('Conv2d_1a_3x3', 32, 3, halving), // conv
  unit('Conv2d_2a_3x3', 32, 3, unpadded), // conv_1
  unit('Conv2d_2b_3x3', 64, 3), // conv_2
  { name: 'pool', pooling: 'max of stride 2' },
  unit('Conv2d_3b_1x1', 80, 1), // conv_3
  unit('Conv2d_4a_3x3', 192, 3, unpadded), // conv_4
  { name: 'pool_1', pooling: 'max of stride 2' },
];

/** All blocks, from 35 × 35 × 192 to 8 × 8 × 2048. */
export const blocks: readonly BlockPlan[] = [
  blockA('Mixed_5b', 32), // mixed
  blockA('Mixed_5c', 64), // mixed_1
  blockA('Mixed_5d', 64), // mixed_2
  blockB,
  blockC('Mixed_6b', 128), // mixed_4
  blockC('Mixed_6c', 160), // mixed_5
  blockC('Mixed_6d', 160), // mixed_6
  blockC('Mixed_6e', 192), // mixed_7
  blockD,
  blockE('Mixed_7b', 'mean'), // mixed_9
  blockE('Mixed_7c', 'max'), // mixed_10: the graph of 2015-12-05 takes the largest here, unlike the paper
];
