/** An account that only emulators know, as the AWS SDK looks for it in the environment. DynamoDB Local keeps tables by key and region. */
export const LOCAL_AWS = { AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local', AWS_REGION: 'us-east-1' };

/** The same for a client that is made with it. */
export const LOCAL_CLIENT = {
  region: LOCAL_AWS.AWS_REGION,
  credentials: { accessKeyId: LOCAL_AWS.AWS_ACCESS_KEY_ID, secretAccessKey: LOCAL_AWS.AWS_SECRET_ACCESS_KEY },
};
