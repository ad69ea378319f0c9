using RaftLog.Broker.Requests;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Control;

/// <summary>
/// UpdateFeatures (57), versions 0 to 2. Versions 0 and 1 list what was changed, feature by feature; all are changed or none (KIP-1022).
/// Version 0 only raises levels: Kafka's controller does not look at its <c>AllowDowngrade</c> any more.
/// </summary>
/// <param name="inner">Who decides.</param>
internal sealed class UpdateFeaturesHandler(IRequestHandler<UpdateFeaturesRequest, UpdateFeaturesResponse> inner)
    : IRequestHandler<UpdateFeaturesRequest, UpdateFeaturesResponse>
{
    private const short FirstWithoutResults = 2;

    // Kafka's result without an error has an empty text, not null.
    private const string NoMessage = "";

    public async ValueTask<UpdateFeaturesResponse?> HandleAsync(UpdateFeaturesRequest request, RequestContext context)
    {
        UpdateFeaturesResponse? response = await inner.HandleAsync(request, context);
        if (response is { ErrorCode: ErrorCode.None } && context.Version < FirstWithoutResults)
        {
            response.Results =
            [
                .. request.FeatureUpdates.Select(update => new UpdateFeaturesResponse.UpdatableFeatureResult
                {
                    Feature = update.Feature,
                    ErrorMessage = NoMessage,
                }),
            ];
        }

        return response;
    }
}
