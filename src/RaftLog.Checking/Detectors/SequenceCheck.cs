using RaftLog.Protocol;
using RaftLog.Protocol.Records;

namespace RaftLog.Checking;

/// <summary>
/// In a log the batches of one producer and epoch have consecutive sequence numbers (A26). A producer's first batch there may have any.
/// </summary>
internal sealed class SequenceCheck : IDetector
{
    public void Run(Evidence evidence, AnomalyList found)
    {
        foreach (ReplicaLog replica in evidence.History.Replicas)
        {
            Dictionary<(ProducerId, ProducerEpoch), int> expected = [];
            foreach (ReplicaBatch stored in replica.Batches)
            {
                if (
                    RecordBatch.Read(stored.Bytes.Span, out RecordBatch batch) != BatchStatus.Complete
                    || !batch.ProducerId.IsPresent
                    || batch.Attributes.IsControl
                )
                {
                    continue;
                }

                (ProducerId, ProducerEpoch) producer = (batch.ProducerId, batch.ProducerEpoch);
                if (expected.TryGetValue(producer, out int next) && next != batch.BaseSequence)
                {
                    found.Add(
                        AnomalyKind.SequenceGap,
                        $"{replica.Partition} on node {replica.Node}: the batch at offset {batch.BaseOffset} of producer "
                            + $"{batch.ProducerId}, epoch {batch.ProducerEpoch}, begins at sequence {batch.BaseSequence} instead of {next}"
                    );
                }

                expected[producer] = ProducerStamp.Advance(batch.BaseSequence, batch.RecordCount);
            }
        }
    }
}
