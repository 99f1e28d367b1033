const ABSENT = 'there is none of this name in this region';
const DENIED = 'allow the role that this runs under to read it, and to decrypt with its key';
const AWS_KEYS = 'see which AWS credentials this process has; they are wrong, missing or have run out';

/** What to do about a text that cannot be read, by the name of the error (references of GetSecretValue, GetParameter, GetObject). */
const ADVICE: Readonly<Record<string, string>> = {
  ResourceNotFoundException: ABSENT,
  ParameterNotFound: ABSENT,
  NoSuchKey: 'there is no object of this key',
  NoSuchBucket: 'there is no bucket of this name',
  PermanentRedirect: 'the bucket is in another region than this runs in',
  InvalidRequestException: 'it is being deleted: restore it, or name another',
  AccessDenied: DENIED,
  AccessDeniedException: DENIED,
  DecryptionFailure: DENIED,
  InvalidKeyId: DENIED,
  UnrecognizedClientException: AWS_KEYS,
  InvalidAccessKeyId: AWS_KEYS,
  InvalidSignatureException: AWS_KEYS,
  SignatureDoesNotMatch: AWS_KEYS,
  ExpiredToken: AWS_KEYS,
  ExpiredTokenException: AWS_KEYS,
  CredentialsProviderError: AWS_KEYS,
  TooLarge: 'it is larger than what is read',
};

export function adviceFor(error: unknown): string {
  const { name = '' } = error as { name?: string };
  return ADVICE[name] ?? 'see whether the service can be reached and AWS_REGION is right';
}
