/** What the consumer makes of a value. */
export const TRANSFORMS = {
  upper: (value: string): string => value.toUpperCase(),
  lower: (value: string): string => value.toLowerCase(),
  none: (value: string): string => value,
} as const;

export type TransformName = keyof typeof TRANSFORMS;

export const TRANSFORM_NAMES = Object.keys(TRANSFORMS) as TransformName[];
