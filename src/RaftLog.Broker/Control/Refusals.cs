using RaftLog.Protocol;
using RaftLog.Protocol.Messages;

namespace RaftLog.Broker.Control;

/// <summary>
/// The answers to requests for the active controller when there is none to decide: every part of the request gets the same error, in the place where
/// its client looks for it.
/// </summary>
internal static class Refusals
{
    public static CreateTopicsResponse Of(CreateTopicsRequest request, ErrorCode error) => new()
    {
        Topics = [.. request.Topics.Select(topic => new CreateTopicsResponse.CreatableTopicResult { Name = topic.Name, ErrorCode = error, ErrorMessage = Text(error) })],
    };

    public static DeleteTopicsResponse Of(DeleteTopicsRequest request, ErrorCode error) => new()
    {
        Responses =
        [
            .. request.Topics.Select(topic => new DeleteTopicsResponse.DeletableTopicResult
            {
                Name = topic.Name, TopicId = topic.TopicId, ErrorCode = error, ErrorMessage = Text(error),
            }),
            .. request.TopicNames.Select(name => new DeleteTopicsResponse.DeletableTopicResult { Name = name, ErrorCode = error, ErrorMessage = Text(error) }),
        ],
    };

    public static CreatePartitionsResponse Of(CreatePartitionsRequest request, ErrorCode error) => new()
    {
        Results =
        [
            .. request.Topics.Select(topic => new CreatePartitionsResponse.CreatePartitionsTopicResult
            {
                Name = topic.Name, ErrorCode = error, ErrorMessage = Text(error),
            }),
        ],
    };

    public static ElectLeadersResponse Of(ElectLeadersRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static IncrementalAlterConfigsResponse Of(IncrementalAlterConfigsRequest request, ErrorCode error) => new()
    {
        Responses =
        [
            .. request.Resources.Select(each => new IncrementalAlterConfigsResponse.AlterConfigsResourceResponse
            {
                ResourceType = each.ResourceType, ResourceName = each.ResourceName, ErrorCode = error, ErrorMessage = Text(error),
            }),
        ],
    };

    public static AlterConfigsResponse Of(AlterConfigsRequest request, ErrorCode error) => new()
    {
        Responses =
        [
            .. request.Resources.Select(each => new AlterConfigsResponse.AlterConfigsResourceResponse
            {
                ResourceType = each.ResourceType, ResourceName = each.ResourceName, ErrorCode = error, ErrorMessage = Text(error),
            }),
        ],
    };

    public static AlterPartitionReassignmentsResponse Of(AlterPartitionReassignmentsRequest request, ErrorCode error) =>
        new() { AllowReplicationFactorChange = request.AllowReplicationFactorChange, ErrorCode = error, ErrorMessage = Text(error) };

    public static ListPartitionReassignmentsResponse Of(ListPartitionReassignmentsRequest request, ErrorCode error) =>
        new() { ErrorCode = error, ErrorMessage = Text(error) };

    public static UpdateFeaturesResponse Of(UpdateFeaturesRequest request, ErrorCode error) => new() { ErrorCode = error, ErrorMessage = Text(error) };

    public static UnregisterBrokerResponse Of(UnregisterBrokerRequest request, ErrorCode error) => new() { ErrorCode = error, ErrorMessage = Text(error) };

    public static AlterPartitionResponse Of(AlterPartitionRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static BrokerRegistrationResponse Of(BrokerRegistrationRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static BrokerHeartbeatResponse Of(BrokerHeartbeatRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static AllocateProducerIdsResponse Of(AllocateProducerIdsRequest request, ErrorCode error) => new() { ErrorCode = error };

    public static ControllerRegistrationResponse Of(ControllerRegistrationRequest request, ErrorCode error) =>
        new() { ErrorCode = error, ErrorMessage = Text(error) };

    public static AssignReplicasToDirsResponse Of(AssignReplicasToDirsRequest request, ErrorCode error) => new() { ErrorCode = error };

    /// <summary>True when an answer says that its sender is not the active controller, so that another node must be asked.</summary>
    public static bool IsNotController(object response) => response switch
    {
        CreateTopicsResponse all => all.Topics.Exists(each => each.ErrorCode == ErrorCode.NotController),
        DeleteTopicsResponse all => all.Responses.Exists(each => each.ErrorCode == ErrorCode.NotController),
        CreatePartitionsResponse all => all.Results.Exists(each => each.ErrorCode == ErrorCode.NotController),
        IncrementalAlterConfigsResponse all => all.Responses.Exists(each => each.ErrorCode == ErrorCode.NotController),
        AlterConfigsResponse all => all.Responses.Exists(each => each.ErrorCode == ErrorCode.NotController),
        ElectLeadersResponse all => all.ErrorCode == ErrorCode.NotController,
        AlterPartitionReassignmentsResponse all => all.ErrorCode == ErrorCode.NotController,
        ListPartitionReassignmentsResponse all => all.ErrorCode == ErrorCode.NotController,
        UpdateFeaturesResponse all => all.ErrorCode == ErrorCode.NotController,
        UnregisterBrokerResponse all => all.ErrorCode == ErrorCode.NotController,
        AlterPartitionResponse all => all.ErrorCode == ErrorCode.NotController,
        BrokerRegistrationResponse all => all.ErrorCode == ErrorCode.NotController,
        BrokerHeartbeatResponse all => all.ErrorCode == ErrorCode.NotController,
        AllocateProducerIdsResponse all => all.ErrorCode == ErrorCode.NotController,
        ControllerRegistrationResponse all => all.ErrorCode == ErrorCode.NotController,
        AssignReplicasToDirsResponse all => all.ErrorCode == ErrorCode.NotController,
        DescribeQuorumResponse all => all.Topics.Exists(topic => topic.Partitions.Exists(each => each.ErrorCode == ErrorCode.NotLeaderOrFollower)),
        _ => false,
    };

    private static string Text(ErrorCode error) => error == ErrorCode.NotController
        ? "This node is not the active controller."
        : "No active controller has answered in time; the request may have been carried out.";
}
