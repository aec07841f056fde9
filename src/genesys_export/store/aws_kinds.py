"""botocore's errors, sorted by what a person can do about them. Values only.

Every class of `botocore.exceptions` is decided here, by its own name or that of one it derives
from (tests/store/test_translate.py goes through the list): a new botocore with a new class fails
that test, and until then counts as an answer that did not come. By name, so that nothing heavy is
imported for --help.
"""

from __future__ import annotations

# 78: whatever gives the credentials does not. Their texts may quote what a program printed.
CREDENTIALS = frozenset(
    {
        "CredentialRetrievalError",
        "LoginError",
        "MetadataRetrievalError",
        "NoAuthTokenError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "RefreshWithMFAUnsupportedError",
        "SSOError",
        "TokenRetrievalError",
        "UnknownCredentialError",
        "UnknownTokenProviderError",
    }
)
# 77: signed in, but not allowed to get what an export needs.
NOT_PERMITTED = frozenset({"LoginInsufficientPermissions"})
# 78: a setting of the AWS SDK, of ours that is handed to it, or its installation.
SETTINGS = frozenset(
    {
        "BaseEndpointResolverError",  # NoRegionError is one
        "ConfigNotFound",
        "ConfigParseError",
        "DataNotFoundError",  # AWS_DATA_PATH, or a broken installation
        "ApiVersionNotFoundError",
        "EndpointProviderError",
        "InvalidChecksumConfigError",
        "InvalidConfigError",
        "InvalidDNSNameError",
        "InvalidDefaultsMode",
        "InvalidEndpointConfigurationError",
        "InvalidEndpointDiscoveryConfigurationError",
        "InvalidHostLabelError",
        "InvalidIMDSEndpointError",
        "InvalidIMDSEndpointModeError",
        "InvalidProxiesConfigError",
        "InvalidRetryConfigurationError",
        "InvalidS3AddressingStyleError",
        "InvalidS3UsEast1RegionalEndpointConfigError",
        "InvalidSTSRegionalEndpointsConfigError",
        "MD5UnavailableError",
        "MissingDependencyException",
        "ParamValidationError",
        "ProfileNotFound",
        "ServiceNotInRegionError",
        "UnknownRegionError",
        "UnknownServiceStyle",
        "UnknownSignatureVersionError",
        "UnsupportedOutpostResourceError",
        "UnsupportedS3AccesspointConfigurationError",
        "UnsupportedS3ArnError",
        "UnsupportedS3ConfigurationError",
        "UnsupportedS3ControlArnError",
        "UnsupportedS3ControlConfigurationError",
        "UnsupportedSignatureVersionError",
        "ValidationError",  # InvalidRegionError is one
    }
)
# 74: no request has left, so that not even a conditional write can have happened.
NEVER_SENT = frozenset({"ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError"})
# 74: no answer, half of one, or one that can't be read.
NO_ANSWER = frozenset(
    {
        "AwsChunkedWrapperError",
        "CapacityNotAvailableError",
        "ChecksumError",
        "ConnectionError",  # SSLError is one
        "FlexibleChecksumError",
        "HTTPClientError",
        "IncompleteReadError",
        "PaginationError",
        "UnseekableStreamError",
    }
)
# 70: only a wrong call of ours can raise them.
OURS = frozenset(
    {
        "InvalidExpressionError",
        "MissingParametersError",
        "OperationNotPageableError",
        "StubResponseError",
        "UndefinedModelAttributeError",
        "UnknownClientMethodError",
        "UnsupportedServiceProtocolsError",
        "WaiterConfigError",
        "WaiterError",
    }
)

# Calls that fetch credentials on the way to S3: what they answer is not about the bucket.
CREDENTIAL_CALLS = {
    "AssumeRole": "sts:AssumeRole",
    "AssumeRoleWithSAML": "sts:AssumeRoleWithSAML",
    "AssumeRoleWithWebIdentity": "sts:AssumeRoleWithWebIdentity",
    "CreateOAuth2Token": "signin:CreateOAuth2Token",
    "CreateToken": "sso-oauth:CreateToken",
    "GetRoleCredentials": "sso:GetRoleCredentials",
    "GetSessionToken": "sts:GetSessionToken",
}
# Modules in which credentials are looked for: what is raised there is about them.
OF_CREDENTIALS = ("botocore.credentials", "botocore.tokens", "botocore.configloader")
# Modules that make clients of settings: nothing was asked yet.
OF_SET_UP = ("boto3.session", "botocore.session")
OF_AWS = ("awscrt", "boto3", "botocore", "s3transfer")
