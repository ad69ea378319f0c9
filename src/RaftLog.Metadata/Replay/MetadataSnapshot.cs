using RaftLog.Protocol;
using RaftLog.Protocol.Metadata;
using RaftLog.Protocol.Wire;

namespace RaftLog.Metadata;

/// <summary>The records that make a node that knows nothing believe what an image says: the content of a snapshot file.</summary>
public static partial class MetadataSnapshot
{
    /// <summary>
    /// The records of an image, always in the same order: features (the metadata version first), brokers, controllers, topics,
    /// configuration, kept records, producer ids. Written at the image's own metadata version they replay to an image that says the same.
    /// </summary>
    public static IEnumerable<IMetadataRecord> Write(MetadataImage image) =>
        Features(image)
            .Concat(image.Brokers.Values.Select(broker => broker.ToRecord()))
            .Concat(image.Controllers.Values.Select(controller => controller.ToRecord()))
            .Concat(Topics(image))
            .Concat(Configs(image))
            .Concat(image.Kept.All)
            .Concat(ProducerIds(image));

    /// <summary>The bytes of all values of a snapshot, each after its length: equal exactly for images that say the same.</summary>
    internal static byte[] Fingerprint(MetadataImage image)
    {
        WireWriter all = new();
        foreach (IMetadataRecord record in Write(image))
        {
            int length = all.ReserveInt32();
            int start = all.Length;
            MetadataRecordCodec.Write(all, record, image.Version);
            all.PatchInt32(length, all.Length - start);
        }

        return all.ToArray();
    }

    private static IEnumerable<IMetadataRecord> Features(MetadataImage image)
    {
        if (image.Features.TryGetValue(MetadataVersion.FeatureName, out short level))
        {
            yield return new FeatureLevelRecord { Name = MetadataVersion.FeatureName, FeatureLevel = level };
        }

        foreach ((string name, short other) in image.Features)
        {
            if (name != MetadataVersion.FeatureName)
            {
                yield return new FeatureLevelRecord { Name = name, FeatureLevel = other };
            }
        }
    }

    private static IEnumerable<IMetadataRecord> Topics(MetadataImage image)
    {
        foreach (TopicImage topic in image.Topics.ById.Values)
        {
            yield return new TopicRecord { Name = topic.Name, TopicId = topic.Id };
            foreach ((int partition, PartitionRegistration registration) in topic.Partitions)
            {
                yield return registration.ToRecord(topic.Id, partition);
            }
        }
    }

    private static IEnumerable<IMetadataRecord> Configs(MetadataImage image)
    {
        SeededBugLeavesOutConfigs(ref image);
        foreach ((ConfigResource resource, var values) in image.Configs)
        {
            foreach ((string key, string value) in values)
            {
                yield return new ConfigRecord
                {
                    ResourceType = (sbyte)resource.Type,
                    ResourceName = resource.Name,
                    Name = key,
                    Value = value,
                };
            }
        }
    }

    static partial void SeededBugLeavesOutConfigs(ref MetadataImage image);

    private static IEnumerable<IMetadataRecord> ProducerIds(MetadataImage image)
    {
        if (image.NextProducerId.Value > 0)
        {
            yield return new ProducerIdsRecord
            {
                BrokerId = NodeId.None,
                BrokerEpoch = BrokerEpoch.None,
                NextProducerId = image.NextProducerId,
            };
        }
    }
}
