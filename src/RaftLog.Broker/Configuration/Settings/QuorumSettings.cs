using RaftLog.Protocol;

namespace RaftLog.Broker.Configuration;

/// <summary>Who votes in the metadata quorum.</summary>
/// <param name="Voters"><c>controller.quorum.voters</c>: the fixed voters.</param>
/// <param name="Timeouts">Timing and sizes.</param>
public sealed record QuorumSettings(IReadOnlyList<QuorumVoter> Voters, QuorumTimeouts Timeouts)
{
    private const string VotersKey = "controller.quorum.voters";

    internal static QuorumSettings Read(SettingsReader settings, NodeId node, ProcessRoles roles)
    {
        QuorumSettings quorum = new(ReadVoters(settings), QuorumTimeouts.Read(settings));
        bool votes = quorum.Voters.Any(voter => voter.Id == node);
        if (quorum.Voters.Count == 0)
        {
            settings.Report(
                VotersKey,
                "nothing says who votes in the metadata quorum",
                $"set {VotersKey} to id@host:port of every controller; a quorum whose voters stand in its log "
                    + $"(controller.quorum.bootstrap.servers) is not built yet"
            );
        }
        else if (roles.HasFlag(ProcessRoles.Controller) && !votes)
        {
            settings.Report(
                VotersKey,
                $"node {node} is a controller and not among the voters",
                $"add {node}@host:port, or take 'controller' out of process.roles"
            );
        }
        else if (votes && !roles.HasFlag(ProcessRoles.Controller) && roles != ProcessRoles.None)
        {
            settings.Report(
                VotersKey,
                $"node {node} is a voter and has no controller role",
                $"add 'controller' to its process.roles, or take {node} out of the voters"
            );
        }

        return quorum;
    }

    private static List<QuorumVoter> ReadVoters(SettingsReader settings)
    {
        List<QuorumVoter> voters = [];
        foreach (string item in settings.List(VotersKey))
        {
            if (!QuorumVoter.TryParse(item, out QuorumVoter voter))
            {
                settings.Report(VotersKey, $"'{item}' is no voter", "write id@host:port for every controller, with commas between them");
            }
            else if (voters.Exists(other => other.Id == voter.Id))
            {
                settings.Report(VotersKey, $"node {voter.Id} stands there twice", "name each voter once");
            }
            else
            {
                voters.Add(voter);
            }
        }

        return voters;
    }
}
