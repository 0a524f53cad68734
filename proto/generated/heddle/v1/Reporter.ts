// Original file: proto/heddle/v1/telemetry.proto

export const Reporter = {
  REPORTER_UNSPECIFIED: 'REPORTER_UNSPECIFIED',
  SOURCE: 'SOURCE',
  DESTINATION: 'DESTINATION',
} as const;

export type Reporter =
  | 'REPORTER_UNSPECIFIED'
  | 0
  | 'SOURCE'
  | 1
  | 'DESTINATION'
  | 2

export type Reporter__Output = typeof Reporter[keyof typeof Reporter]
