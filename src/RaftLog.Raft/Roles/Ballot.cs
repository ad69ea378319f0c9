using RaftLog.Protocol;

namespace RaftLog.Raft;

/// <summary>One round of votes or pre-votes: who was asked, who answered what.</summary>
internal sealed class Ballot
{
    private readonly VoterSet _voters;
    private readonly Paper[] _papers;

    public Ballot(VoterSet voters, NodeId self)
    {
        _voters = voters;
        _papers = new Paper[voters.Count];
        int own = voters.IndexOf(self);
        _papers[own].Choice = Choice.Granted;
    }

    private enum Choice
    {
        Unasked,
        Asked,
        Granted,
        Rejected,
    }

    public bool IsWon => Count(Choice.Granted) >= _voters.Majority;

    /// <summary>
    /// True when a majority has answered without deciding it. The others may well be dead: it is no use to wait long for them.
    /// </summary>
    public bool IsDoubtful => Count(Choice.Granted) + Count(Choice.Rejected) >= _voters.Majority && !IsWon;

    public bool IsLost => QuorumArithmetic.IsLost(_voters.Count, Count(Choice.Rejected));

    /// <summary>When the next voter is to be asked; <see cref="long.MaxValue"/> when none is.</summary>
    public long NextAskMs
    {
        get
        {
            long next = long.MaxValue;
            foreach (ref readonly Paper paper in _papers.AsSpan())
            {
                if (paper.Choice == Choice.Unasked)
                {
                    next = Math.Min(next, paper.AskAtMs);
                }
            }

            return next;
        }
    }

    public bool ShallAsk(int voter, long nowMs) => _papers[voter].Choice == Choice.Unasked && _papers[voter].AskAtMs <= nowMs;

    public void Asked(int voter, long requestId)
    {
        _papers[voter].Choice = Choice.Asked;
        _papers[voter].RequestId = requestId;
    }

    /// <summary>The voter that a request went to, or -1 when it was none of this round's or is answered.</summary>
    public int Find(long requestId)
    {
        for (int voter = 0; voter < _papers.Length; voter++)
        {
            if (_papers[voter].Choice == Choice.Asked && _papers[voter].RequestId == requestId)
            {
                return voter;
            }
        }

        return -1;
    }

    public void Responded(int voter, bool granted) => _papers[voter].Choice = granted ? Choice.Granted : Choice.Rejected;

    /// <summary>A request was lost; gives the number of losses, this one included.</summary>
    public int Lost(int voter)
    {
        _papers[voter].Choice = Choice.Unasked;
        _papers[voter].AskAtMs = long.MaxValue;
        return ++_papers[voter].Losses;
    }

    public void AskAgainAt(int voter, long atMs) => _papers[voter].AskAtMs = atMs;

    public List<ReplicaKey> GrantingVoters()
    {
        List<ReplicaKey> granting = [];
        for (int voter = 0; voter < _papers.Length; voter++)
        {
            if (_papers[voter].Choice == Choice.Granted)
            {
                granting.Add(_voters.Voters[voter]);
            }
        }

        return granting;
    }

    private int Count(Choice choice)
    {
        int count = 0;
        foreach (ref readonly Paper paper in _papers.AsSpan())
        {
            count += paper.Choice == choice ? 1 : 0;
        }

        return count;
    }

    private struct Paper
    {
        public Choice Choice;
        public long RequestId;
        public long AskAtMs;
        public int Losses;
    }
}
