using RaftLog.Coordination.Groups.Classic;
using RaftLog.Coordination.Groups.Records;
using RaftLog.Coordination.Offsets;
using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Coordination.Groups;

/// <summary>ListGroups, DescribeGroups and DeleteGroups.</summary>
internal sealed class GroupAdministration(GroupTable groups, OffsetDeletion deletion)
{
    private const string Dead = "Dead";

    /// <summary>The first version of DescribeGroups that says of a group that it does not exist.</summary>
    private const short KnowsGroupIdNotFound = 6;

    public ListGroupsResponse List(ListGroupsRequest request)
    {
        ListGroupsResponse response = new();
        foreach (Group group in groups.All.OrderBy(group => group.Id, ListingOrder.Instance))
        {
            if (IsWanted(request.StatesFilter, group.StateName) && IsWanted(request.TypesFilter, group.TypeName))
            {
                response.Groups.Add(
                    new ListGroupsResponse.ListedGroup
                    {
                        GroupId = group.Id,
                        ProtocolType = group.ProtocolTypeName,
                        GroupState = group.StateName,
                        GroupType = group.TypeName,
                    }
                );
            }
        }

        return response;
    }

    public DescribeGroupsResponse Describe(short version, DescribeGroupsRequest request)
    {
        DescribeGroupsResponse response = new();
        foreach (string groupId in request.Groups)
        {
            response.Groups.Add(
                groups.Find(groupId) switch
                {
                    ClassicGroup classic => Describe(classic),
                    null => NotFound(version, groupId, $"Group {groupId} not found."),
                    _ => NotFound(version, groupId, $"Group {groupId} is not a classic group."),
                }
            );
        }

        return response;
    }

    public DeleteGroupsResponse Delete(DeleteGroupsRequest request, Outbox outbox)
    {
        DeleteGroupsResponse response = new();
        HashSet<string> deleted = new(StringComparer.Ordinal);
        foreach (string groupId in request.GroupsNames)
        {
            ErrorCode error =
                groups.Find(groupId) is not { } group || deleted.Contains(groupId) ? ErrorCode.GroupIdNotFound
                : group.IsEmpty ? ErrorCode.None
                : ErrorCode.NonEmptyGroup;
            if (error == ErrorCode.None)
            {
                deleted.Add(groupId);
                deletion.DeleteAll(groupId, outbox);
                groups.Find(groupId)!.AppendTombstones(outbox);
            }

            response.Results.Add(new DeleteGroupsResponse.DeletableGroupResult { GroupId = groupId, ErrorCode = error });
        }

        return response;
    }

    /// <summary>Deletes what has expired: offsets, and groups that have neither members nor offsets left.</summary>
    /// <returns>False when there is more than one batch of records should hold: the rest is to be asked for again.</returns>
    public bool Expire(CoordinatorTime now, Outbox outbox)
    {
        foreach (Group group in groups.All)
        {
            if (outbox.Records.Count >= OffsetDeletion.MaxRecords)
            {
                return false;
            }

            if (deletion.Expire(group, now, outbox) && group.IsEmpty)
            {
                group.AppendTombstones(outbox);
            }
        }

        return true;
    }

    private static bool IsWanted(List<string> filter, string value) =>
        filter.Count == 0 || filter.Any(each => each.Equals(value, StringComparison.OrdinalIgnoreCase));

    private static DescribeGroupsResponse.DescribedGroup Describe(ClassicGroup group)
    {
        bool isStable = group.Phase == ClassicGroupPhase.Stable;
        return new()
        {
            GroupId = group.Id,
            GroupState = group.StateName,
            ProtocolType = group.ProtocolTypeName,
            ProtocolData = isStable ? group.Protocol ?? "" : "",
            Members =
            [
                .. group.Members.Values.Select(member => new DescribeGroupsResponse.DescribedGroupMember
                {
                    MemberId = member.Id,
                    GroupInstanceId = member.InstanceId,
                    ClientId = member.ClientId,
                    ClientHost = member.ClientHost,
                    MemberMetadata = isStable ? MessageBytes.Of(member.MetadataFor(group.Protocol)) : default,

                    // What a member has worked on stays told until it has other work, as Kafka does.
                    MemberAssignment = MessageBytes.Of(member.Assignment),
                }),
            ],
        };
    }

    private static DescribeGroupsResponse.DescribedGroup NotFound(short version, string groupId, string message)
    {
        bool tells = version >= KnowsGroupIdNotFound;
        return new()
        {
            GroupId = groupId,
            GroupState = Dead,
            ErrorCode = tells ? ErrorCode.GroupIdNotFound : ErrorCode.None,
            ErrorMessage = tells ? ErrorText.InShort(message) : null,
        };
    }
}
