// The steps, in their order.
export const steps = [
  { name: 'The image', title: 'The image, scale by scale' },
  { name: 'Pass 1', title: 'Pass 1: teacher forcing' },
  { name: 'Rollout', title: 'Stagger-scale rollout' },
  { name: 'Pass 2', title: 'Pass 2: student forcing' },
  { name: 'Difference', title: 'Where the passes differ' },
  { name: 'Loss', title: 'The loss, and where it pulls' },
] as const;
