using RaftLog.Protocol;
using RaftLog.Protocol.Messages;
using RaftLog.Protocol.Metadata;

namespace RaftLog.Metadata;

/// <summary>Hands out producer ids, each once (KIP-730).</summary>
public static partial class ProducerIdBlocks
{
    /// <summary>The ids in one block.</summary>
    public const int BlockSize = 1000;

    internal static ControllerResult<AllocateProducerIdsResponse> Allocate(MetadataImage image, AllocateProducerIdsRequest request)
    {
        if (!image.Brokers.TryGetValue(request.BrokerId, out BrokerRegistration? broker) || broker.Epoch != request.BrokerEpoch)
        {
            return new([], new AllocateProducerIdsResponse { ErrorCode = ErrorCode.StaleBrokerEpoch });
        }

        ProducerId first = image.NextProducerId;
        if (first.Value > long.MaxValue - BlockSize)
        {
            return new([], new AllocateProducerIdsResponse { ErrorCode = ErrorCode.UnknownServerError });
        }

        ProducerIdsRecord record = new()
        {
            BrokerId = broker.Id,
            BrokerEpoch = broker.Epoch,
            NextProducerId = new ProducerId(first.Value + BlockSize),
        };
        SeededBugRecordsStart(record, first);
        return new([record], new AllocateProducerIdsResponse { ProducerIdStart = first, ProducerIdLen = BlockSize });
    }

    static partial void SeededBugRecordsStart(ProducerIdsRecord record, ProducerId first);
}
