using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>Sets the finalised feature levels: those of a new cluster, and later changes (KIP-584, KIP-778).</summary>
internal static class FeatureChanges
{
    private const sbyte UpgradeOnly = 1;
    private const sbyte UnsafeDowngrade = 3;

    /// <summary>The first records of a new cluster, in one metadata transaction where the level allows it.</summary>
    public static IReadOnlyList<IMetadataRecord> Bootstrap(ControllerOptions options)
    {
        List<IMetadataRecord> records =
        [
            new FeatureLevelRecord { Name = MetadataVersion.FeatureName, FeatureLevel = options.BootstrapVersion.Level },
            .. options
                .BootstrapFeatures.Where(each => each.Value > 0)
                .Select(each => new FeatureLevelRecord { Name = each.Key, FeatureLevel = each.Value }),
        ];
        return options.BootstrapVersion.HasTransactions
            ? [new BeginTransactionRecord { Name = "Bootstrap records" }, .. records, new EndTransactionRecord()]
            : records;
    }

    /// <summary>
    /// Responds to UpdateFeatures: all levels are changed, or none. A lower <c>metadata.version</c> is rejected, because it may lose
    /// records.
    /// </summary>
    public static ControllerResult<UpdateFeaturesResponse> Update(
        MetadataImage image,
        ControllerOptions options,
        UpdateFeaturesRequest request
    )
    {
        List<IMetadataRecord> records = [];
        Repetitions<string> repetitions = new(request.FeatureUpdates.Select(each => each.Feature), StringComparer.Ordinal);
        foreach (UpdateFeaturesRequest.FeatureUpdate update in request.FeatureUpdates)
        {
            string? rejection = repetitions.Contain(update.Feature)
                ? $"The feature '{update.Feature}' is named twice."
                : Judge(image, options, update);
            if (rejection is not null)
            {
                return new(
                    [],
                    new UpdateFeaturesResponse { ErrorCode = ErrorCode.InvalidUpdateVersion, ErrorMessage = ErrorText.InShort(rejection) }
                );
            }

            if (image.FeatureLevel(update.Feature) != update.MaxVersionLevel)
            {
                records.Add(new FeatureLevelRecord { Name = update.Feature, FeatureLevel = update.MaxVersionLevel });
            }
        }

        return new(request.ValidateOnly ? [] : records, new UpdateFeaturesResponse { ErrorMessage = null });
    }

    private static string? Judge(MetadataImage image, ControllerOptions options, UpdateFeaturesRequest.FeatureUpdate update)
    {
        short level = update.MaxVersionLevel;
        short now = image.FeatureLevel(update.Feature);
        bool isMetadataVersion = update.Feature == MetadataVersion.FeatureName;
        if (update.UpgradeType is < UpgradeOnly or > UnsafeDowngrade)
        {
            return $"There is no upgrade type {update.UpgradeType}.";
        }

        if (level < 0 || (level == 0 && isMetadataVersion))
        {
            return $"The feature '{update.Feature}' cannot have level {level}.";
        }

        if (level < now && update.UpgradeType == UpgradeOnly)
        {
            return $"The feature '{update.Feature}' is at level {now}, and only an upgrade was asked for.";
        }

        if (level > now && update.UpgradeType != UpgradeOnly)
        {
            return $"The feature '{update.Feature}' is at level {now}: Can't downgrade to a newer version, {level}.";
        }

        if (level < now && isMetadataVersion)
        {
            return $"metadata.version is at level {now} and cannot go back: records of that level would be lost.";
        }

        // Whoever supports a feature at all can be without it.
        return level == 0 && options.SupportedFeatures.Any(each => each.Name == update.Feature)
            ? null
            : JudgeSupport(image, options, update.Feature, level);
    }

    private static string? JudgeSupport(MetadataImage image, ControllerOptions options, string feature, short level)
    {
        if (Judge("The active controller", options.SupportedFeatures) is { } rejection)
        {
            return rejection;
        }

        foreach (BrokerRegistration broker in image.Brokers.Values)
        {
            if (Judge($"Broker {broker.Id}", broker.Features) is { } unsupported)
            {
                return unsupported;
            }
        }

        foreach (ControllerRegistration controller in image.Controllers.Values)
        {
            if (Judge($"Controller {controller.Id}", controller.Features) is { } unsupported)
            {
                return unsupported;
            }
        }

        return null;

        string? Judge(string who, ValueList<SupportedFeature> features)
        {
            // Kafka's tools show the end of this message.
            return features.Any(each => each.Name == feature && each.Supports(level)) ? null
                : features.Any(each => each.Name == feature) ? $"{who} does not support level {level} of the feature '{feature}'."
                : $"The feature '{feature}' cannot have level {level}. {who} does not support this feature.";
        }
    }
}
