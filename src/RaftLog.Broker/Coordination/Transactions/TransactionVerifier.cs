using RaftLog.Broker.Configuration;
using RaftLog.Platform.Waiting;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Coordination.Transactions;

/// <summary>
/// Makes sure that partitions are in a producer's transaction before something is appended to them in it (KIP-890): under transactions V1
/// the producer has added them and they are verified, under V2 they are added here.
/// </summary>
/// <param name="coordinators">Who knows.</param>
/// <param name="isEnabled">False where verification is switched off; V2 partitions are added all the same.</param>
/// <param name="settings">How long to try while the last transaction is not complete.</param>
/// <param name="waiters">Clock and waits.</param>
internal sealed class TransactionVerifier(
    TransactionCoordinators coordinators,
    Func<bool> isEnabled,
    TransactionCoordinationSettings settings,
    Waiters waiters
)
{
    /// <summary>Asks for some partitions of one transaction.</summary>
    /// <returns>An entry for each partition that is not, or not known to be, in the transaction, with an error that the client
    /// knows.</returns>
    public async ValueTask<Dictionary<TopicPartition, ErrorCode>> FailuresAsync(
        string transactionalId,
        ProducerId producer,
        ProducerEpoch epoch,
        IReadOnlyList<TopicPartition> partitions,
        ClientTransactions client
    )
    {
        if (client != ClientTransactions.AddedByBroker && !isEnabled())
        {
            return [];
        }

        AddPartitionsToTxnRequest.AddPartitionsToTxnTransaction transaction = new()
        {
            TransactionalId = transactionalId,
            ProducerId = producer,
            ProducerEpoch = epoch,
            VerifyOnly = client != ClientTransactions.AddedByBroker,
            Topics =
            [
                .. partitions
                    .GroupBy(partition => partition.Topic)
                    .Select(topic => new AddPartitionsToTxnRequest.AddPartitionsToTxnTopic
                    {
                        Name = topic.Key,
                        Partitions = [.. topic.Select(partition => partition.Partition)],
                    }),
            ],
        };
        long untilMs = waiters.NowMs + settings.AddRetryMaxMs;
        Dictionary<TopicPartition, ErrorCode> outcomes = await coordinators.AskAsync(transaction);
        while (
            !transaction.VerifyOnly
            && outcomes.ContainsValue(ErrorCode.ConcurrentTransactions)
            && waiters.NowMs + settings.AddRetryMs <= untilMs
        )
        {
            await waiters.Rent(TimeSpan.FromMilliseconds(settings.AddRetryMs)).Outcome;
            outcomes = await coordinators.AskAsync(transaction);
        }

        Dictionary<TopicPartition, ErrorCode> failures = [];
        foreach ((TopicPartition partition, ErrorCode outcome) in outcomes)
        {
            if (outcome != ErrorCode.None)
            {
                failures[partition] = ForClient(outcome, client);
            }
        }

        return failures;
    }

    private static ErrorCode ForClient(ErrorCode error, ClientTransactions client) =>
        error switch
        {
            ErrorCode.ProducerFenced => ErrorCode.InvalidProducerEpoch,
            ErrorCode.TransactionAbortable when client == ClientTransactions.Old => ErrorCode.InvalidTxnState,
            _ => error,
        };
}

/// <summary>What the version of a client's request says of its transactions.</summary>
internal enum ClientTransactions
{
    /// <summary>It adds its partitions and does not know TRANSACTION_ABORTABLE.</summary>
    Old,

    /// <summary>It adds its partitions.</summary>
    AddedByClient,

    /// <summary>The brokers add its partitions (transactions V2).</summary>
    AddedByBroker,
}
