using RaftLog.Protocol;

namespace RaftLog.Checking.Tests;

/// <summary>
/// Sound groups and transactions as the checkers see them: transfers that commit, abort or have no outcome; a pipeline that makes one
/// record from each of its inputs; members that hold a partition one after the other, commit in their own generation and read what was
/// committed.
/// </summary>
internal sealed class CoordinatedModel
{
    internal const string Group = "g";
    internal const string TransactionalId = "id";
    internal static readonly TopicPartition Account = new("accounts", 0);
    internal static readonly TopicPartition Input = new("in", 0);
    internal static readonly TopicPartition Output = new("out", 0);
    internal static readonly TopicPartition Register = new("register", 0);

    private const int FirstValue = 500_000;
    private const int Reader = 40;

    private readonly List<SentRecord> _sends = [];
    private readonly List<SeenRecord> _final = [];
    private readonly List<ClientTransaction> _transactions = [];
    private readonly List<ProducerSession> _sessions = [];
    private readonly List<OffsetOperation> _offsets = [];
    private readonly List<Ownership> _ownerships = [];
    private readonly SortedDictionary<TopicPartition, long> _ends = [];
    private long _nowUs = 1000;

    /// <summary>Adds groups and transactions to a history; the choices say how transactions end and what members do.</summary>
    internal static History AddTo(History history, IEnumerable<byte> choices)
    {
        CoordinatedModel model = new();
        byte[] all = [0, 1, 2, 3, 0, .. choices, 0, 4, 5, 0];
        foreach (byte choice in all)
        {
            model.Transact(choice);
            model.Belong(choice);
        }

        return model.AddTo(history);
    }

    private void Transact(byte choice)
    {
        if (_sessions.Count == 0 || choice % 8 == 7)
        {
            _sessions.Add(new ProducerSession(TransactionalId, 1 + _sessions.Count, _nowUs, _nowUs + 5));
            _nowUs += 10;
        }

        SendOutcome outcome = (choice % 4) switch
        {
            1 => SendOutcome.Rejected,
            2 or 3 => SendOutcome.Unknown,
            _ => SendOutcome.Acknowledged,
        };
        bool isThere = choice % 4 is 0 or 2;
        ClientTransaction transaction = new(_transactions.Count, TransactionalId, _sessions.Count, outcome)
        {
            CommitInvokedUs = outcome == SendOutcome.Rejected ? null : _nowUs + 5,
            CompletedUs = outcome == SendOutcome.Acknowledged ? _nowUs + 8 : null,
        };
        _transactions.Add(transaction);
        long inputs = _ends.GetValueOrDefault(Input);
        Send(Input, null, 0, null, isThere);
        Send(Output, transaction, 0, (Input, new Offset(inputs)), isThere);
        Send(Account, transaction, 7, null, isThere);
        Send(Account, transaction, -7, null, isThere);
        _nowUs += 20;
    }

    private void Send(TopicPartition partition, ClientTransaction? transaction, long amount, (TopicPartition, Offset)? source, bool isThere)
    {
        if (transaction is null && !isThere)
        {
            return;
        }

        // Aborted records take offsets, too.
        Offset at = new(_ends.GetValueOrDefault(partition));
        _ends[partition] = at.Value + 1;
        SendOutcome outcome = transaction?.Outcome ?? SendOutcome.Acknowledged;
        RecordValue value = new(FirstValue + _sends.Count);
        _sends.Add(
            new SentRecord(30, partition, value, outcome, outcome == SendOutcome.Acknowledged ? at : Offset.None)
            {
                InvokedUs = _nowUs,
                CompletedUs = outcome == SendOutcome.Acknowledged ? _nowUs + 8 : null,
                Transaction = transaction?.Number,
                Amount = amount,
                Source = source,
            }
        );
        if (isThere)
        {
            _final.Add(new SeenRecord(Reader, partition, at, value) { AtUs = _nowUs + 9 });
        }
    }

    private void Belong(byte choice)
    {
        int generation = _ownerships.Count + 1;
        long end = _nowUs + 90;
        _offsets.Add(
            new OffsetOperation(Group, default, OffsetAction.Join, generation, Offset.None, SendOutcome.Acknowledged, _nowUs, _nowUs + 2)
        );
        _ownerships.Add(new Ownership(Group, Register, $"member-{choice % 3}", _nowUs + 2, end));

        // Unknown commits may have happened; rejected ones have not.
        SendOutcome outcome = (choice % 5) switch
        {
            3 => SendOutcome.Unknown,
            4 => SendOutcome.Rejected,
            _ => SendOutcome.Acknowledged,
        };
        Offset before = _offsets.LastOrDefault(each => each.Action == OffsetAction.Read)?.Offset ?? Offset.None;
        _offsets.Add(
            new OffsetOperation(
                Group,
                Register,
                OffsetAction.Commit,
                generation,
                new Offset(generation),
                outcome,
                _nowUs + 10,
                outcome == SendOutcome.Unknown ? null : _nowUs + 20
            )
        );
        bool isDone = outcome == SendOutcome.Acknowledged || (outcome == SendOutcome.Unknown && choice % 2 == 0);
        _offsets.Add(
            new OffsetOperation(
                Group,
                Register,
                OffsetAction.Read,
                -1,
                isDone ? new Offset(generation) : before,
                SendOutcome.Acknowledged,
                _nowUs + 30,
                _nowUs + 40
            )
        );
        _nowUs = end + 10;
    }

    private History AddTo(History history) =>
        history with
        {
            Sends = [.. history.Sends, .. _sends],
            Seen = [.. history.Seen, .. _final],
            // What others plant at the beginning or the end of the final read is not about these.
            Final = [.. history.Final.Take(3), .. _final.Select(each => each with { AtUs = null }), .. history.Final.Skip(3)],
            Transactions = _transactions,
            Sessions = _sessions,
            Offsets = _offsets,
            Ownerships = _ownerships,
            StableEnds = [new StableEnd(Account, new Offset(_ends[Account]), new Offset(_ends[Account]))],
            Pipelines = [new Pipeline(Group, new SortedDictionary<TopicPartition, Offset> { [Input] = new(_ends[Input]) })],
        };
}
