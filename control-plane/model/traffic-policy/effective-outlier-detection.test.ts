import { describe, expect, it } from 'vitest';
import { builtInOutlierDetection, effectiveOutlierDetection, isWatched } from './effective-outlier-detection.ts';

const { enforcing } = builtInOutlierDetection;

describe('effectiveOutlierDetection', () => {
  it('is what is built in when nobody says anything', () => {
    expect(effectiveOutlierDetection([])).toEqual(builtInOutlierDetection);
    expect(effectiveOutlierDetection([undefined, {}])).toEqual(builtInOutlierDetection);
  });

  it.each([
    [{ consecutive5XxErrors: 0 }, { consecutive5xx: 0 }],
    [{ consecutiveGatewayErrors: 3 }, { consecutiveGatewayFailure: 100 }],
    [{ consecutiveGatewayErrors: 3, enforcingConsecutiveGatewayFailure: 20 }, { consecutiveGatewayFailure: 20 }],
    [{ consecutiveGatewayErrors: 0, enforcingConsecutiveGatewayFailure: 20 }, {}],
    [{ consecutiveLocalOriginFailures: 0 }, { consecutiveLocalOriginFailure: 0 }],
    [{ failurePercentageThreshold: 90 }, { failurePercentage: 100, failurePercentageLocalOrigin: 100 }],
    [
      { failurePercentageThreshold: 90, enforcingFailurePercentageLocalOrigin: 0 },
      { failurePercentage: 100, failurePercentageLocalOrigin: 0 },
    ],
    [{ failurePercentageRequestVolume: 9 }, {}],
    [{ successRateStdevFactor: 1000 }, { successRate: 100, localOriginSuccessRate: 100 }],
    [
      { successRateMinimumHosts: 3, enforcingSuccessRate: 0 },
      { successRate: 0, localOriginSuccessRate: 100 },
    ],
  ])('turns detectors on with what they go by: %j', (passive, expected) => {
    expect(effectiveOutlierDetection([passive]).enforcing).toEqual({ ...enforcing, ...expected });
  });

  it('takes each field from the most specific layer that has it', () => {
    const layers = [{ consecutiveGatewayErrors: 0 }, { consecutiveGatewayErrors: 3, interval: '1s' }];
    expect(effectiveOutlierDetection(layers)).toEqual({ ...builtInOutlierDetection, intervalMs: 1000 });
  });
});

describe('isWatched', () => {
  it.each([
    [{}, true],
    [{ consecutive5XxErrors: 0 }, false],
    [{ consecutive5XxErrors: 0, splitExternalLocalOriginErrors: true }, true],
    [{ consecutive5XxErrors: 0, splitExternalLocalOriginErrors: true, consecutiveLocalOriginFailures: 0 }, false],
    [{ consecutive5XxErrors: 0, consecutiveGatewayErrors: 1 }, true],
    [{ enforcingConsecutive5xx: 0 }, true],
    [{ consecutive5XxErrors: 0, successRateRequestVolume: 5, enforcingSuccessRate: 0 }, true],
    [{ consecutive5XxErrors: 0, enforcingFailurePercentage: 5 }, true],
    [{ consecutive5XxErrors: 0, enforcingFailurePercentage: 0 }, false],
  ])('says of %j: %s', (passive, expected) => {
    expect(isWatched(effectiveOutlierDetection([passive]))).toBe(expected);
  });
});
