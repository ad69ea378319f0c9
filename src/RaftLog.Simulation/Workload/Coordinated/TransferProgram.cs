using RaftLog.Protocol;

namespace RaftLog.Simulation;

/// <summary>
/// A program that moves money between accounts: each transaction takes from some partitions what it gives to others. Now and then it
/// aborts, forgets to end a transaction, or repeats what it has sent long after it was done. Several programs may have one transactional
/// id, and fence one another.
/// </summary>
public sealed class TransferProgram : TransactionalProgram
{
    private const int MaxAmount = 1000;
    private const int MaxRecords = 3;
    private static readonly TimeSpan MeanPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan MeanRest = TimeSpan.FromSeconds(4);

    private readonly ProgramWorld _world;
    private readonly CoordinatorRequests _coordinators;
    private readonly PartitionCalls _leaders;
    private readonly TransactionProtocol _protocol;
    private readonly string _transactionalId;
    private readonly TimeSpan _timeout;
    private readonly IReadOnlyList<TopicPartition> _accounts;

    /// <param name="world">What it runs in.</param>
    /// <param name="number">Its number.</param>
    /// <param name="protocol">How it speaks of transactions.</param>
    /// <param name="transactionalId">Its name, which others may have too.</param>
    /// <param name="timeout">How long a transaction may stay open.</param>
    /// <param name="accounts">The partitions that it moves money between.</param>
    public TransferProgram(
        ProgramWorld world,
        int number,
        TransactionProtocol protocol,
        string transactionalId,
        TimeSpan timeout,
        IReadOnlyList<TopicPartition> accounts
    )
        : base(number)
    {
        _world = world;
        _coordinators = new CoordinatorRequests(world);
        _leaders = new PartitionCalls(world);
        _protocol = protocol;
        _transactionalId = transactionalId;
        _timeout = timeout;
        _accounts = accounts;
    }

    /// <inheritdoc/>
    protected override async Task WorkAsync()
    {
        TransactionSession? session = null;
        while (!IsStopped)
        {
            if (session is null || !session.IsUsable)
            {
                session = await TransactionSession.OpenAsync(_world, _coordinators, _leaders, _protocol, Log, _transactionalId, _timeout);
                await (session is null ? _world.PauseAsync() : Task.CompletedTask);
                continue;
            }

            await Task.Delay(_world.Random.Exponential(MeanPause), _world.Time);
            await TransferAsync(session);
            if (!session.IsUsable)
            {
                // Whoever has fenced it gets some time.
                await Task.Delay(_world.Random.Exponential(MeanRest), _world.Time);
            }
        }
    }

    private async Task TransferAsync(TransactionSession session)
    {
        int choice = _world.Random.Next(100);
        session.Begin();
        bool isSound = await SendAsync(session, [.. Shares(_world.Random, _accounts)], repeats: choice < 10);
        if (isSound && choice is >= 10 and < 14)
        {
            // The coordinator must end it.
            await Task.Delay(_timeout * 2, _world.Time);
        }

        bool commits = isSound && choice is < 80;
        if (session.IsUsable)
        {
            await session.EndAsync(commits);
        }

        if (session.IsUsable && choice is >= 90)
        {
            await session.SendLateAsync(_accounts[_world.Random.Next(_accounts.Count)]);
        }
    }

    private async Task<bool> SendAsync(TransactionSession session, List<(TopicPartition Account, long Amount)> shares, bool repeats)
    {
        for (int i = 0; i < shares.Count; i++)
        {
            int records = 1 + _world.Random.Next(MaxRecords);
            long first = shares[i].Amount - (records - 1);
            if (
                !await session.SendAsync(
                    shares[i].Account,
                    [(first, null), .. Enumerable.Repeat((1L, ((TopicPartition, Offset)?)null), records - 1)]
                )
            )
            {
                return false;
            }

            if (repeats && i == 0)
            {
                await session.RepeatLastEndAsync(commits: true);
            }
        }

        return true;
    }

    /// <summary>From one account to some others, or to itself: the amounts add up to nothing.</summary>
    internal static IEnumerable<(TopicPartition Account, long Amount)> Shares(SimRandom random, IReadOnlyList<TopicPartition> accounts)
    {
        int others = 1 + random.Next(2);
        long sum = 0;
        for (int i = 0; i < others; i++)
        {
            long amount = 1 + random.Next(MaxAmount);
            sum += amount;
            yield return (accounts[random.Next(accounts.Count)], amount);
        }

        yield return (accounts[random.Next(accounts.Count)], -sum);
    }
}
