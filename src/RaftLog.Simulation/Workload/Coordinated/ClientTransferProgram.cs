using RaftLog.Client;
using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// As <see cref="TransferProgram"/>, with the shipped client's producer and transactions: takes from some partitions what it gives to
/// others. Now and then it aborts, or is silent in the middle of a transaction until the coordinator ends it. Several may have one
/// transactional id, and fence one another.
/// </summary>
internal sealed class ClientTransferProgram(
    SimCluster world,
    (Incarnation Program, KafkaCluster Cluster) client,
    SimulationOptions options,
    SimRandom random,
    int number,
    string transactionalId,
    IReadOnlyList<TopicPartition> accounts
) : TransactionalProgram(number)
{
    private static readonly TimeSpan MeanPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MeanRest = TimeSpan.FromSeconds(4);

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        while (!IsStopped)
        {
            try
            {
                await LiveAsync();
            }
            catch (KafkaException failure)
            {
                // Whoever has fenced it gets some time.
                world.Scheduler.Say($"{client.Program.Name}: the transfers begin anew: {failure.Message}");
                await Task.Delay(random.Exponential(failure.IsFatal ? MeanRest : MeanPause), client.Program.Time);
            }
        }
    }

    /// <summary>One incarnation of its producer, up to the first failure that it cannot go on after.</summary>
    private async Task LiveAsync()
    {
        await using ClientIncarnation producer = await ClientIncarnation.OpenAsync(
            world.Scheduler,
            client.Cluster,
            options,
            Log,
            transactionalId
        );
        while (!IsStopped)
        {
            await Task.Delay(random.Exponential(MeanPause), client.Program.Time);
            await TransferAsync(producer);
        }
    }

    private async Task TransferAsync(ClientIncarnation producer)
    {
        int choice = random.Next(100);
        try
        {
            await using NotedTransaction transaction = producer.Begin();
            foreach ((TopicPartition account, long amount) in TransferProgram.Shares(random, accounts))
            {
                transaction.Send(account, amount);
            }

            if (choice < 4)
            {
                // The coordinator must end it.
                await Task.Delay(CoordinatedWork.Session * 2, client.Program.Time);
            }

            await (choice < 80 ? transaction.CommitAsync() : transaction.AbortAsync().AsTask());
        }
        catch (KafkaException failure) when (failure.NeedsAbort)
        {
            // Disposed by now, and so aborted: the producer goes on.
            world.Scheduler.Say($"{client.Program.Name}: a transfer is aborted: {failure.Message}");
        }
    }
}
