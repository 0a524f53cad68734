/** Which of the mesh's own headers are believed: those of a sidecar behind mTLS, or none. */
export type HeaderTrust = 'application' | 'sidecar';
