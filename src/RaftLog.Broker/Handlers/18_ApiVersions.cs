using RaftLog.Broker.Cluster;
using RaftLog.Broker.Requests;
using RaftLog.Metadata;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Handlers;

/// <summary>
/// ApiVersions (18), versions 0 to 4: what this listener serves, and the cluster's feature levels. An unknown version never gets here: the
/// connection answers it (KIP-511). Below version 4 features whose lowest level is 0 are left out, since old clients refuse them.
/// </summary>
internal sealed class ApiVersionsHandler(Func<IReadOnlyList<ApiVersionRange>> served, Func<MetadataImage> image)
    : IRequestHandler<ApiVersionsRequest, ApiVersionsResponse>
{
    private const short FirstWithSoftwareName = 3;
    private const short FirstWithZeroFeatureLevels = 4;

    public ValueTask<ApiVersionsResponse?> HandleAsync(ApiVersionsRequest request, RequestContext context) =>
        ValueTask.FromResult<ApiVersionsResponse?>(Respond(request, context));

    private ApiVersionsResponse Respond(ApiVersionsRequest request, RequestContext context)
    {
        short version = context.Version;
        if (version >= FirstWithSoftwareName)
        {
            if (!IsSoftwareWord(request.ClientSoftwareName) || !IsSoftwareWord(request.ClientSoftwareVersion))
            {
                return new ApiVersionsResponse { ErrorCode = ErrorCode.InvalidRequest };
            }

            context.Connection.Software = new ClientSoftware(request.ClientSoftwareName, request.ClientSoftwareVersion);
        }

        ApiVersionsResponse response = new();
        foreach (ApiVersionRange range in served())
        {
            response.ApiKeys.Add(
                new()
                {
                    ApiKey = (short)range.Key,
                    MinVersion = range.Lowest,
                    MaxVersion = range.Highest,
                }
            );
        }

        MetadataImage now = image();
        foreach (SupportedFeature feature in Features.Supported)
        {
            if (feature.Lowest > 0 || version >= FirstWithZeroFeatureLevels)
            {
                response.SupportedFeatures.Add(
                    new()
                    {
                        Name = feature.Name,
                        MinVersion = feature.Lowest,
                        MaxVersion = feature.Highest,
                    }
                );
            }
        }

        response.FinalizedFeaturesEpoch = now.Provenance.LastOffset.Value;
        foreach ((string name, short level) in now.Features)
        {
            if (level > 0)
            {
                response.FinalizedFeatures.Add(
                    new()
                    {
                        Name = name,
                        MinVersionLevel = level,
                        MaxVersionLevel = level,
                    }
                );
            }
        }

        return response;
    }

    private static bool IsSoftwareWord(string word)
    {
        if (word.Length == 0 || !char.IsAsciiLetterOrDigit(word[0]) || !char.IsAsciiLetterOrDigit(word[^1]))
        {
            return false;
        }

        foreach (char c in word)
        {
            if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '.'))
            {
                return false;
            }
        }

        return true;
    }
}

/// <summary>The versions of one API that a listener names to clients.</summary>
/// <param name="Key">The API.</param>
/// <param name="Lowest">The lowest version.</param>
/// <param name="Highest">The highest version.</param>
internal readonly record struct ApiVersionRange(ApiKey Key, short Lowest, short Highest);
