import fc from 'fast-check';

// The documents of this folder are as users may write them: within the bounds of the Gateway API and of our own kinds, and as
// odd as those bounds allow. Some of them the model refuses, by a rule that says so; what it does not refuse must work.

/** Left out three times in four: a document is odd in a few places at a time, so that one oddity does not hide another. */
export const rarely = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 3 }, { arbitrary: value, weight: 1 });

export const often = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: fc.constant(undefined), weight: 1 }, { arbitrary: value, weight: 2 });

/**
 * `usual` in nineteen of twenty places, else a value that the model refuses, or might: one of those keeps the whole document out,
 * and then nothing else in it is tried.
 */
export const mostly = <T>(usual: fc.Arbitrary<T>, doubtful: fc.Arbitrary<T>) =>
  fc.oneof({ arbitrary: usual, weight: 19 }, { arbitrary: doubtful, weight: 1 });
